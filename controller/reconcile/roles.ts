// PURE. What each worker was when it was last seen in ZooKeeper: its znodes may be gone before its container is seen to be dead.
import { isRunning, type Observed, type WorkerView } from "./workers.ts";

/** What a worker was when it was last seen in ZooKeeper. */
export interface LastRole {
  readonly led: boolean;
  /** Of the master at that time. */
  readonly epoch: number | null;
  /** Was seen to run without its znode since: hung, or cut off. */
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
    return before !== undefined && isRunning(view) ? { ...before, apart: true } : before;
  };
  return new Map(
    workers.flatMap((view) => {
      const role = roleOf(view);
      return role === undefined ? [] : [[view.container.id, role] as const];
    }),
  );
}
