// Courses aimed at one moment: the master's volume is lost or damaged, and the power is cut, both while a request is under way. The log may
// have lost then what only the copy that is gone held, and another one of the same worker has read the rest again.
import type { VirtualWorld } from "../fakes/virtual-world.ts";
import type { Course } from "./course.ts";

export function withLostCopy(course: Course, world: VirtualWorld): Course {
  const random = world.random("lost copy");
  const aimed = course.operations[Math.floor(random() * course.operations.length)];
  const atMs = Math.max(4_000, aimed === undefined ? 5_000 : aimed.atMs + random() * 80);
  const loss = random() < 0.5 ? "damageVolume" : "loseVolume";
  return {
    ...course,
    slaves: 2 + Math.floor(random() * 2),
    faults: [
      { target: "master", atMs: atMs - 300 + random() * 400, strike: { kind: loss } },
      {
        target: 0,
        atMs,
        strike: { kind: "powerCut", ms: 500 + random() * 2_000, lost: Math.floor(random() * 6) },
      },
    ],
  };
}
