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
  return random() < share ? new Author(seed, random).course() : undefined;
}

class Author {
  readonly #seed: number;
  readonly #random: () => number;

  constructor(seed: number, random: () => number) {
    this.#seed = seed;
    this.#random = random;
  }

  course(): Course {
    const dice = this.#below(6);
    if (dice < 2) return this.#slowWrites();
    if (dice < 4) return this.#fullQueue();
    return dice === 4 ? this.#largeReads() : this.#manyPieces();
  }

  /** Nothing strikes, and some writes take as long as they may, or longer. */
  #slowWrites(): Course {
    const sweeps = this.#several(2 + this.#below(10), () =>
      this.#operation(this.#random() * 20, true, { kind: "sweep", ms: 20 + this.#random() * 700 }),
    );
    const others = this.#several(4 + this.#below(8), () =>
      this.#operation(this.#random() * 1_500, true, this.#quick()),
    );
    return { seed: this.#seed, slaves: 1 + this.#below(2), operations: [...sweeps, ...others], faults: [] };
  }

  /** More is asked than the queue takes, while its master has trouble, or while there is none. */
  #fullQueue(): Course {
    const operations = this.#several(30 + this.#below(30), (i) => {
      const ownKey = this.#random() < 0.5;
      return this.#operation(
        i * (8 + this.#random() * 20),
        ownKey,
        this.#quick(),
        this.#quick(),
        this.#quick(),
      );
    });
    const slow: Fault = {
      target: "master",
      atMs: startsMs + this.#random() * 100,
      strike: { kind: "slowDisk", ms: 3_000, byMs: 200 + this.#random() * 600 },
    };
    const faults = [slow, this.#crash("master", 100 + this.#random() * 800)];
    return { seed: this.#seed, slaves: 1 + this.#below(2), roomMax: 8 + this.#below(24), operations, faults };
  }

  /**
   * Many reads of much text, in few messages, are in the hands of a slave that goes. A second one would be held against what it had begun:
   * of slaves even a kill from outside is.
   */
  #largeReads(): Course {
    const asks = this.#several(
      30 + this.#below(30),
      (): Ask => ({ kind: "search", ms: this.#random() < 0.1 ? 300 : 0 }),
    );
    const faults = [this.#crash(1 + this.#below(2), 30 + this.#random() * 250)];
    const operations = [
      ...this.#several(1 + this.#below(3), (i) => this.#operation(i, false, ...asks)),
      ...this.#several(6, () => this.#operation(this.#random() * 1_000, true, this.#quick())),
    ];
    return { seed: this.#seed, slaves: 2, operations, faults };
  }

  /** Nothing strikes, and a body comes in very many pieces. */
  #manyPieces(): Course {
    const operations = this.#several(4 + this.#below(4), (i) =>
      this.#operation(this.#random() * 500, true, i === 0 ? { kind: "add", pieces: 20_000 } : this.#quick()),
    );
    return { seed: this.#seed, slaves: 1, operations, faults: [] };
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #several<T>(count: number, one: (i: number) => T): readonly T[] {
    return Array.from({ length: count }, (_, i) => one(i));
  }

  #operation(afterMs: number, ownKey: boolean, ...asks: readonly Ask[]): Operation {
    return { client: this.#below(3), atMs: startsMs + afterMs, asks, ownKey };
  }

  #quick(): Ask {
    return ([{ kind: "add" }, { kind: "count" }, { kind: "set", id: "s1" }] as const)[this.#below(3)] as Ask;
  }

  #crash(target: Fault["target"], afterMs: number): Fault {
    return { target, atMs: startsMs + afterMs, strike: { kind: "crash", outOfMemory: false } };
  }
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
