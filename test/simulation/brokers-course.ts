// Courses of three hosts that are lost one after the other, each back before the next, while their brokers take long to copy what they
// missed. What was written before the second loss may be at the third broker alone.
import type { VirtualWorld } from "../fakes/virtual-world.ts";
import type { Course, Fault } from "./course.ts";

const hosts = 3;
const firstAtMs = 4_500;
/** The master has looked for new memory ids by then. */
const nextAfterMs = 6_000;
const awayForMs = 12_000;

export function withBrokersInTurn(course: Course, world: VirtualWorld): Course {
  const random = world.random("brokers in turn");
  const [first, way] = [Math.floor(random() * hosts), random() < 0.5 ? 1 : 2];
  const [secondAtMs, thirdAtMs] = [1, 2].map(
    (times) => firstAtMs + times * (nextAfterMs + random() * 500),
  ) as [number, number];
  const loss = (turn: number, atMs: number, ms: number): Fault => ({
    target: 0,
    atMs,
    strike: { kind: "loseHost", ms, lost: 1 + Math.floor(random() * 5), host: (first + turn * way) % hosts },
  });
  return {
    ...course,
    hosts,
    slaves: 2,
    // A write that is under way when a broker is lost is not confirmed for long, and that ends its master.
    operations: course.operations
      .map((operation) => ({ ...operation, atMs: secondAtMs - 50 - random() * 1_000 }))
      .sort((a, b) => a.atMs - b.atMs),
    faults: [
      loss(0, firstAtMs, 300 + random() * 500),
      loss(1, secondAtMs, 300 + random() * 500),
      loss(2, thirdAtMs, awayForMs),
    ],
  };
}
