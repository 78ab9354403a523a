// PURE: which hosts are reachable. Swarm sees a host's engine, ZooKeeper sees its controller. A host on which one of them is missing
// for a while (the engine or the controller is restarted) is not away; one on which both are missing is.
import type { HostNode } from "../../../core/state/znodes.ts";

export interface HostFacts {
  readonly name: string;
  readonly number: number;
  /** By Swarm. */
  readonly ready: boolean;
  /** Null while its controller does not reach ZooKeeper. */
  readonly note: HostNode | null;
}

export interface HostStanding {
  readonly name: string;
  readonly number: number;
  readonly reachable: boolean;
  /** By the wall clock. */
  readonly sinceMs: number;
  /** Since when one of the two is missing, by the monotonic clock. */
  readonly doubtedSinceMs: number | null;
  /** The last that was seen. */
  readonly note: HostNode | null;
}

interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** An engine or a controller that is restarted is back by then. */
const toleranceMs = 10_000;

export function standings(
  before: readonly HostStanding[],
  facts: readonly HostFacts[],
  now: Now,
): readonly HostStanding[] {
  return [...facts]
    .sort((a, b) => a.number - b.number)
    .map((one) =>
      standing(
        before.find(({ name }) => name === one.name),
        one,
        now,
      ),
    );
}

function standing(before: HostStanding | undefined, facts: HostFacts, now: Now): HostStanding {
  const { name, number, ready, note } = facts;
  const missing = Number(!ready) + Number(note === null);
  const doubtedSinceMs = missing === 0 ? null : (before?.doubtedSinceMs ?? now.monotonicMs);
  const doubtedMs = doubtedSinceMs === null ? 0 : now.monotonicMs - doubtedSinceMs;
  // One that was away is back when both are there.
  const tolerated = before?.reachable !== false && doubtedMs < toleranceMs;
  const reachable = missing === 0 || (missing === 1 && tolerated);
  return {
    name,
    number,
    reachable,
    sinceMs: before?.reachable === reachable ? before.sinceMs : now.wallMs,
    doubtedSinceMs,
    note: note ?? before?.note ?? null,
  };
}
