// What a fault is, and what it may use while it happens.
import { setTimeout as sleep } from "node:timers/promises";
import { found, notYet, until } from "../../cluster/until.ts";
import { mastersOf, slavesOf, type Worker, workers } from "../../cluster/workers.ts";
import type { Random } from "../random.ts";
import type { GapKind } from "../report/gaps.ts";

export interface Scene {
  readonly random: Random;
  /** How long it lasts this time, as the plan drew it; 0 for one that does not last. */
  readonly holdMs: number;
  /** Clients other than the prober fall silent until the fault is over. */
  readonly hush: () => Promise<void>;
  /** The moment it strikes: gaps are measured from here. `lost` says what of the service goes with it, in words of the report. */
  readonly strike: (kind?: GapKind, lost?: readonly string[]) => void;
  /** What was lost is there again: from here it is counted how long it takes until all is as desired. */
  readonly back: () => void;
  readonly note: (what: string) => void;
  /** A promise was seen broken while the fault lasted. */
  readonly violate: (rule: string, evidence: string) => void;
}

export interface Fault {
  readonly name: string;
  readonly what: string;
  /** Of one that lasts: between which lengths the plan draws its own for each time. What it does in between is `hold(scene)`. */
  readonly holdMs?: readonly [min: number, max: number];
  /** It acts on namespaces of other containers. */
  readonly needsRoot?: boolean;
  /** The whole cluster may need longer than usual afterwards. */
  readonly healsWithinMs?: number;
  readonly run: (scene: Scene) => Promise<void>;
}

export const hold = ({ holdMs }: Scene): Promise<void> => sleep(holdMs);

export interface Cast {
  readonly master: Worker;
  /** By pid, the lowest first: the first is the heir. */
  readonly slaves: readonly Worker[];
  readonly all: readonly Worker[];
}

/** @throws when there is not one master and at least one slave */
export async function cast(): Promise<Cast> {
  const all = await workers();
  const [master] = mastersOf(all);
  const slaves = slavesOf(all);
  if (master === undefined || slaves.length === 0)
    throw new Error(`no complete cast: ${all.map(({ name, state }) => `${name} ${state}`).join(", ")}`);
  return { master, slaves, all };
}

export async function aSlave({ random }: Scene): Promise<Worker> {
  return random.pick((await cast()).slaves);
}

const newMasterMs = 60_000;

export const masterOtherThan = (old: Worker): Promise<Worker> =>
  until("another master", newMasterMs, async () => {
    const [master] = mastersOf(await workers());
    return master !== undefined && master.id !== old.id ? found(master) : notYet("none");
  });

export const called = (...some: readonly Worker[]): string =>
  some.map(({ name, pid }) => `${name} (pid ${pid})`).join(", ");
