// All faults by name.
import { deaths } from "./deaths.ts";
import type { Fault } from "./fault.ts";
import { files } from "./files.ts";
import { freezes } from "./freezes.ts";
import { losses } from "./losses.ts";
import { messages } from "./messages.ts";
import { networks } from "./networks.ts";
import { operators } from "./operators.ts";
import { services } from "./services.ts";

export const catalogue: readonly Fault[] = [
  ...deaths,
  ...freezes,
  ...networks,
  ...services,
  ...messages,
  ...files,
  ...losses,
  ...operators,
];

/** What comes between the others: deaths of the master, in every way. */
export const masterDeaths = [
  "kill-master",
  "kill-master-idle",
  "kill-master-at-record",
  "kill-master-twice",
  "crash-master",
] as const;
