// PURE. Who leads: while there is no master, the eligible worker with the lowest container pid. On several hosts one whose host does
// not lead the log goes first, so that the loss of a host does not cost both. Every worker computes the same from the same znodes; two
// that see different ones both try, and ZooKeeper lets one create the `master` node.

export interface Candidate {
  readonly name: string;
  /** Null until the controller has told it. */
  readonly pid: number | null;
  /** Its copy joins the log. */
  readonly eligible: boolean;
  /** The broker that leads the log is on its host. False where there is but one host. */
  readonly besideLog: boolean;
  /** Which of two nodes is older. */
  readonly czxid: number;
}

/** @returns the candidate to lead, or null when there is none */
export function winner(candidates: readonly Candidate[]): Candidate | null {
  const able = candidates.filter((candidate) => candidate.eligible && candidate.pid !== null);
  // Equal pids can only come from different hosts: there the older node wins.
  const order = (a: Candidate, b: Candidate) =>
    Number(a.besideLog) - Number(b.besideLog) || (a.pid ?? 0) - (b.pid ?? 0) || a.czxid - b.czxid;
  return [...able].sort(order)[0] ?? null;
}

export const mayLead = (self: string, candidates: readonly Candidate[], masterExists: boolean): boolean =>
  !masterExists && winner(candidates)?.name === self;
