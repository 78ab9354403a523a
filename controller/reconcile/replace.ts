// PURE: workers that are not made from what workers are made from now (another image, other limits) are replaced while
// everybody is served. One at a time: a new worker first, and once it is ready an old one leaves; slaves before the
// master, which hands over in order. Nothing is remembered for it: how far it has come is what the workers show.

import { whyOutdated } from "../engines/worker-spec.ts";
import type { Action, Outdated } from "./action.ts";
import { crowdedHost } from "./hosts.ts";
import type { Intent } from "./intent.ts";
import type { Memory } from "./memory.ts";
import { isLive, isReady, isRunning, type Observed, targetOf, type WorkerView } from "./workers.ts";

export const outdatedOf = (
  specHashes: Intent["specHashes"],
  { name, container }: WorkerView,
): Outdated | null => {
  const wanted = specHashes.get(container.host);
  const why = wanted === undefined ? null : whyOutdated(container.specHash, wanted);
  return why === null ? null : { worker: name, why };
};

interface Next {
  readonly view: WorkerView;
  readonly replaced: Outdated;
}

/** Who is to be replaced next: slaves before the master, among them the highest pid first. */
function nextToReplace({ specHashes }: Intent, observed: Observed): Next | null {
  const outdated = observed.workers.filter(isLive).flatMap((view): Next[] => {
    const replaced = outdatedOf(specHashes, view);
    return replaced === null ? [] : [{ view, replaced }];
  });
  const [next = null] = outdated.sort(
    (a, b) =>
      Number(a.view.phase === "master") - Number(b.view.phase === "master") ||
      b.view.container.pid - a.view.container.pid,
  );
  return next ?? crowded(observed);
}

/** While all copies that are ready are on one host, a slave of it makes room for one elsewhere. */
function crowded(observed: Observed): Next | null {
  const host = crowdedHost(observed);
  const [view] = observed.workers
    .filter(({ phase, container }) => phase === "slave" && container.host === host)
    .sort((a, b) => b.container.pid - a.container.pid);
  if (view === undefined) return null;
  return { view, replaced: { worker: view.name, why: `shares ${host} with every other copy` } };
}

/** One more than desired while somebody is to be replaced, so that his successor is not taken for too many. */
export const workersWhileReplacing = (intent: Intent, observed: Observed): number =>
  intent.desired.workers + (nextToReplace(intent, observed) === null ? 0 : 1);

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
  // One on a host that is away is replaced elsewhere already, by what is missing without it.
  const workers = observed.workers.filter(({ phase }) => phase !== "unknown");
  const next = nextToReplace(intent, observed);
  if (next === null || !allReady(workers, intent.desired.workers)) return [];
  const { view, replaced } = next;
  if (workers.length === intent.desired.workers)
    return startWorker().map((action) => ({ ...action, replaced }));
  const target = targetOf(view);
  if (view.phase === "slave") return [{ kind: "drain", target, replaced }];
  const successor = workers.some(({ phase, node }) => phase === "slave" && node?.eligible === true);
  const asked = memory.containers.get(target.id)?.leaving === true;
  return successor && !asked ? [{ kind: "stepDown", target, replaced }] : [];
}
