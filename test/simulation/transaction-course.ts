// Some courses have transactions besides: several at once, on few accounts, often at the moment of a fault. They come from a chance of
// their own, so that what else happens in a course is what it was without them.
import type { VirtualWorld } from "../fakes/virtual-world.ts";
import type { Course, Operation, TransactionAsk } from "./course.ts";

const share = 0.4;
const accounts = ["a", "b", "c"] as const;
const togetherMs = 40;

export function withTransactions(course: Course, world: Pick<VirtualWorld, "random">): Course {
  const random = world.random("commits");
  if (random() >= share) return course;
  const below = (n: number): number => Math.floor(random() * n);
  const transaction = (): TransactionAsk => {
    if (random() < 0.2) return { kind: "look" };
    const from = below(accounts.length);
    const to = (from + 1 + below(accounts.length - 1)) % accounts.length;
    return { kind: "transfer", from: String(accounts[from]), to: String(accounts[to]), amount: 1 + below(9) };
  };
  const moments = [...course.operations, ...course.faults].map(({ atMs }) => atMs);
  const some = Array.from({ length: 2 + below(4) }, (): Operation => {
    const atMs = Number(moments[below(moments.length)]) + (random() - 0.5) * togetherMs;
    const asks = Array.from({ length: 2 + below(3) }, transaction);
    return { client: below(3), atMs, asks, ownKey: false };
  });
  return { ...course, operations: [...course.operations, ...some].sort((a, b) => a.atMs - b.atMs) };
}
