// PURE: workers that are not made from what workers are made from now (another image, other limits) are replaced while
// everybody is served. One at a time: a new worker first, and once it is ready an old one leaves; slaves before the
// master, which hands over in order. Nothing is remembered for it: how far it has come is what the workers show.

import { whyOutdated } from "../engines/worker-spec.ts";
import type { Action, Outdated } from "./action.ts";
import type { Intent } from "./intent.ts";
import type { Memory } from "./memory.ts";
import { isLive, isReady, isRunning, type Observed, targetOf, type WorkerView } from "./workers.ts";

export const outdatedOf = (specHash: string | null, { name, container }: WorkerView): Outdated | null => {
  const why = specHash === null ? null : whyOutdated(container.specHash, specHash);
  return why === null ? null : { worker: name, why };
};

/** Who is to be replaced next: slaves before the master, among them the highest pid first. */
function nextOutdated({ specHash }: Intent, { workers }: Observed): WorkerView | null {
  const outdated = workers.filter((view) => isLive(view) && outdatedOf(specHash, view) !== null);
  const [next = null] = outdated.sort(
    (a, b) =>
      Number(a.phase === "master") - Number(b.phase === "master") || b.container.pid - a.container.pid,
  );
  return next;
}

/** One more than desired while somebody is to be replaced, so that his successor is not taken for too many. */
export const workersWhileReplacing = (intent: Intent, observed: Observed): number =>
  intent.desired.workers + (nextOutdated(intent, observed) === null ? 0 : 1);

/** Only when all that should be there is there and ready: whoever leaves then, at least one slave serves on. */
function allReady(workers: readonly WorkerView[], desired: number): boolean {
  const running = workers.filter(isRunning);
  return (
    running.length === workers.length &&
    running.length >= desired &&
    running.every(isReady) &&
    running.some(({ phase }) => phase === "master")
  );
}

/** @param startWorker under the lowest free name, or nobody while that one backs off */
export function replaceOutdated(
  intent: Intent,
  observed: Observed,
  memory: Memory,
  startWorker: () => readonly (Action & { kind: "startWorker" })[],
): readonly Action[] {
  const { workers } = observed;
  const next = nextOutdated(intent, observed);
  if (next === null || !allReady(workers, intent.desired.workers)) return [];
  const replaced = outdatedOf(intent.specHash, next);
  if (replaced === null) return [];
  if (workers.length === intent.desired.workers)
    return startWorker().map((action) => ({ ...action, replaced }));
  const target = targetOf(next);
  if (next.phase === "slave") return [{ kind: "drain", target, replaced }];
  const successor = workers.some(({ phase, node }) => phase === "slave" && node?.eligible === true);
  const asked = memory.containers.get(target.id)?.leaving === true;
  return successor && !asked ? [{ kind: "stepDown", target, replaced }] : [];
}
