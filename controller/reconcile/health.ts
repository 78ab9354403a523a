// PURE: which running workers must be ended because they no longer do their part. A dead one needs no judgement.
import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import { formatDuration } from "../../core/manifest/quantities.ts";
import type { Action } from "./action.ts";
import type { Memory } from "./memory.ts";
import { isRunning, type Observed, targetOf, type WorkerView } from "./workers.ts";

const patience = {
  /** Beyond the session timeout, for a worker that starts a new life after losing its session. */
  returnMs: 3_000,
  /** The znodes of workers are not read in one instant: a second master must be seen for longer than that. */
  impostorMs: 2_000,
  /** Times `readyWithin`, for workers that were all there before and are all gone now. */
  allGoneFactor: 5,
} as const;

type Kill = Action & { kind: "kill" };

export function endUnhealthy(observed: Observed, memory: Memory, spec: ManifestSpec): readonly Kill[] {
  const running = observed.workers.filter(isRunning);
  // When nobody is in ZooKeeper the cause lies outside (the broker, the network): replacing all at once would help nobody.
  const noneThere = running.every(({ node }) => node === null);
  return running.flatMap((view) => judge(view, noneThere, observed.nowMs, memory, spec) ?? []);
}

function judge(
  view: WorkerView,
  noneThere: boolean,
  nowMs: number,
  memory: Memory,
  spec: ManifestSpec,
): Kill | null {
  const known = memory.containers.get(view.container.id);
  if (known === undefined) return null;
  const sinceMs = (since: number | null): number => (since === null ? -1 : nowMs - since);

  if (
    view.drain !== null &&
    view.phase === "draining" &&
    nowMs - view.drain.atMs >= spec.worker.drainWithinMs
  )
    return kill(view, "drainOverdue", `draining for ${formatDuration(nowMs - view.drain.atMs)}`);
  if (sinceMs(known.impostorSinceMs) >= patience.impostorMs)
    return kill(view, "secondMaster", "the master znode names another");
  if (view.phase === "draining") return null;
  if (sinceMs(known.stuckSinceMs) >= spec.worker.readyWithinMs)
    return kill(
      view,
      "stuck",
      `joining for ${formatDuration(sinceMs(known.stuckSinceMs))} without getting on`,
    );

  // What all were missing for counts against nobody: the first to come back must not condemn the others.
  const missingMs = sinceMs(known.joined && !noneThere ? known.missedSinceMs : known.missingSinceMs);
  if (missingMs < limitFor(known.joined, noneThere, spec)) return null;
  return kill(
    view,
    known.joined ? "hung" : "neverReady",
    `not in ZooKeeper for ${formatDuration(missingMs)}`,
  );
}

function limitFor(joined: boolean, noneThere: boolean, { worker, failover }: ManifestSpec): number {
  if (!joined) return worker.readyWithinMs;
  if (noneThere) return worker.readyWithinMs * patience.allGoneFactor;
  return failover.sessionTimeoutMs + patience.returnMs;
}

const kill = (view: WorkerView, why: Kill["why"], detail: string): Kill => ({
  kind: "kill",
  target: targetOf(view),
  why,
  detail,
});
