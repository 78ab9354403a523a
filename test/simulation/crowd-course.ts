// A few courses are about what many ask at once, or what is large or takes long: a queue that is full, writes that are slow, messages
// that are split, bodies that come byte by byte. They come from a chance of their own, so that the other courses are what they were.
import type { VirtualWorld } from "../fakes/virtual-world.ts";
import type { Ask, Course, Fault, Operation } from "./course.ts";

const share = 0.05;
/** By then a cluster is there, with all its workers. */
const startsMs = 6_000;

/** In its place, where it is one of these few. */
export function crowdOf(seed: number, world: Pick<VirtualWorld, "random">): Course | undefined {
  const random = world.random("crowd");
  if (random() >= share) return undefined;
  const below = (n: number): number => Math.floor(random() * n);
  const among = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const operation = (atMs: number, ownKey: boolean, ...asks: readonly Ask[]): Operation => ({
    client: below(3),
    atMs,
    asks,
    ownKey,
  });
  const several = <T>(count: number, one: (i: number) => T): readonly T[] =>
    Array.from({ length: count }, (_, i) => one(i));
  const quick = (): Ask => among([{ kind: "add" }, { kind: "count" }, { kind: "set", id: "s1" }] as const);

  /** Nothing strikes, and some writes take as long as they may, or longer. */
  const slowWrites = (): Course => {
    const sweeps = several(2 + below(10), () =>
      operation(startsMs + random() * 20, true, { kind: "sweep", ms: 20 + random() * 700 }),
    );
    const others = several(4 + below(8), () => operation(startsMs + random() * 1_500, true, quick()));
    return { seed, slaves: 1 + below(2), operations: [...sweeps, ...others], faults: [] };
  };

  /** More is asked than the queue takes, while its master has trouble, or while there is none. */
  const fullQueue = (): Course => {
    const flood = several(30 + below(30), (i) =>
      operation(startsMs + i * (8 + random() * 20), random() < 0.5, quick(), quick(), quick()),
    );
    const slow: Fault = {
      target: "master",
      atMs: startsMs + random() * 100,
      strike: { kind: "slowDisk", ms: 3_000, byMs: 200 + random() * 600 },
    };
    const crash: Fault = {
      target: "master",
      atMs: startsMs + 100 + random() * 800,
      strike: { kind: "crash", outOfMemory: false },
    };
    return { seed, slaves: 1 + below(2), roomMax: 8 + below(24), operations: flood, faults: [slow, crash] };
  };

  /** Many reads of much text, in few messages, are in the hands of a slave that goes. */
  const largeReads = (): Course => {
    const asks = several(30 + below(30), (): Ask => ({ kind: "search", ms: random() < 0.1 ? 300 : 0 }));
    // A second one would be held against what it had begun: of slaves even a kill from outside is.
    const crash: Fault = {
      target: 1 + below(2),
      atMs: startsMs + 30 + random() * 250,
      strike: { kind: "crash", outOfMemory: false },
    };
    const operations = [
      ...several(1 + below(3), (i) => operation(startsMs + i, false, ...asks)),
      ...several(6, () => operation(startsMs + random() * 1_000, true, quick())),
    ];
    return { seed, slaves: 2, operations, faults: [crash] };
  };

  /** Nothing strikes, and a body comes in very many pieces. */
  const manyPieces = (): Course => ({
    seed,
    slaves: 1,
    operations: several(4 + below(4), (i) =>
      operation(startsMs + random() * 500, true, i === 0 ? { kind: "add", pieces: 20_000 } : quick()),
    ),
    faults: [],
  });

  return among([slowWrites, slowWrites, fullQueue, fullQueue, largeReads, manyPieces])();
}

const troubledShare = 0.1;

/** Some of the others have slow writes besides, often at the moment of a fault, or queues that have little room. */
export function withTrouble(course: Course, world: Pick<VirtualWorld, "random">): Course {
  const random = world.random("narrow");
  if (random() >= troubledShare) return course;
  const moments = course.faults.map(({ atMs }) => atMs);
  const sweeps = Array.from({ length: 1 + Math.floor(random() * 5) }, (): Operation => {
    const atMs = Number(moments[Math.floor(random() * moments.length)]) + (random() - 0.8) * 500;
    const ms = 20 + random() * 700;
    return { client: 0, atMs, asks: [{ kind: "sweep", ms }], ownKey: random() < 0.5 };
  });
  const operations = [...course.operations, ...sweeps].sort((a, b) => a.atMs - b.atMs);
  return random() < 0.5
    ? { ...course, operations }
    : { ...course, operations, roomMax: 2 + Math.floor(random() * 6) };
}
