// All faults over hosts by name.
import type { Catalogue } from "../../arguments.ts";
import { lostHosts } from "./lost-hosts.ts";
import { majority } from "./majority.ts";
import { partedHosts } from "./parted.ts";
import { partsOfHosts } from "./parts.ts";
import { slowLinks } from "./slow.ts";
import { allTogether } from "./together.ts";
import { workerDeaths } from "./workers.ts";

export const hostsCatalogue: Catalogue = {
  faults: [...lostHosts, ...allTogether, ...majority, ...partsOfHosts, ...slowLinks, ...workerDeaths],
  onlyByName: partedHosts,
  between: ["kill-master", "kill-master-idle", "crash-master", "kill-master-twice"],
};
