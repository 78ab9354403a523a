// PURE. What each worker was when it was last seen in ZooKeeper: its znodes may be gone before its container is seen to be dead.
import type { Observed, WorkerView } from "./workers.ts";

/** What a worker was when it was last seen in ZooKeeper. */
export interface LastRole {
  readonly led: boolean;
  /** Of the master at that time. */
  readonly epoch: number | null;
  /** Was without its znode since, and not seen to have ended: hung, cut off, or out of sight with its host. */
  readonly apart: boolean;
}

export function rolesAfter(
  roles: ReadonlyMap<string, LastRole>,
  { workers, master }: Observed,
): ReadonlyMap<string, LastRole> {
  const roleOf = (view: WorkerView): LastRole | undefined => {
    const { id, shortId } = view.container;
    if (view.node !== null)
      return { led: master?.container === shortId, epoch: master?.epoch ?? null, apart: false };
    const before = roles.get(id);
    const hasEnded = view.phase === "dead" || view.phase === "going";
    return before === undefined || hasEnded ? before : { ...before, apart: true };
  };
  return new Map(
    workers.flatMap((view) => {
      const role = roleOf(view);
      return role === undefined ? [] : [[view.container.id, role] as const];
    }),
  );
}
