// PURE. What the end of a container means for the suspected requests that its worker had begun. It is told when the worker's
// znode is taken away; where that has gone with its session, when the container is removed: nobody would tell it later.
import type { SuspectsVerdict } from "../ports.ts";
import { endedByItself } from "./ending.ts";
import type { Memory } from "./memory.ts";
import type { Observed, WorkerView } from "./workers.ts";

/**
 * By somebody outside. Not by the controller for being blocked: a worker that hangs loses its znode first, and one that
 * drains may be held up by a request. It matters for a master: the writes of a commit share its fate, while a read is
 * begun alone when it is suspected.
 */
const wasKilled = ({ container, drain }: WorkerView): boolean =>
  !endedByItself(container.ending) && drain === null;

export const wasKilledLeading = (view: WorkerView, { master }: Pick<Observed, "master">): boolean =>
  master?.container === view.container.shortId && wasKilled(view);

/** @returns null where nothing certain is known: no request may be refused for good on a guess */
export function verdictOn(view: WorkerView, observed: Observed, memory: Memory): SuspectsVerdict | null {
  if (!wasKilled(view)) return "blamed";
  if (wasKilledLeading(view, observed)) return "cleared";
  if (view.node !== null) return "blamed";
  const last = memory.roles.get(view.container.id);
  if (last === undefined) return null;
  // A master that was apart before it was killed may have hung at a write, or have lost its connection.
  if (last.led) return last.apart ? null : "cleared";
  const { log } = observed;
  const mayHaveLedSince =
    memory.master?.epoch !== last.epoch ||
    log?.master === view.name ||
    // Somebody has led since it was last seen, and before that it may have.
    (log !== null && last.epoch !== null && log.epoch > last.epoch);
  return mayHaveLedSince ? null : "blamed";
}
