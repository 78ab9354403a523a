// Which cycle of a controller was the last one that told what it saw.
import type { ClusterStatus } from "./status.ts";
import { fromJson } from "./znodes.ts";

interface Written {
  readonly data: string;
  readonly stat: { readonly mzxid: number };
}

/**
 * The cycle's znode is written after the status, in every cycle. One that is older than the status was left by a controller of another
 * version, and the one that acts now writes none.
 */
export function lastCycleOf(status: ClusterStatus, statusNode: Written, cycleNode: Written | null) {
  const told = cycleNode === null ? null : fromJson<ClusterStatus["lastCycle"]>(cycleNode.data);
  if (cycleNode === null || told === null || cycleNode.stat.mzxid < statusNode.stat.mzxid)
    return status.lastCycle;
  return told;
}
