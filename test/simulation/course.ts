// What happens in one run, as plain values: what the clients ask, which faults strike and when. A course is made from a seed; a
// failing one is made smaller by taking things out of it.
import type { VirtualWorld } from "../fakes/virtual-world.ts";
import { keptMs, sessionTimeoutMs } from "./manifest.ts";
import type { Strike } from "./strikes.ts";

/** Whom a fault strikes: a worker by its number among those that run, whoever has the `master` znode, or another program. */
export type Target = number | "master" | "api" | "controller";

export interface Fault {
  readonly target: Target;
  /** At a moment, or at the target's nth call to the outside after that moment. */
  readonly atMs: number;
  readonly step?: number;
  /** At whichever worker is the next to note suspects. */
  readonly onSuspects?: boolean;
  readonly strike: Strike;
}

export type Ask =
  /** A row of its own, once. Its body may come in so many pieces. */
  | { readonly kind: "add"; readonly pieces?: number }
  /** A row without a key: applied twice it would be there twice. */
  | { readonly kind: "count" }
  /** A row that others want as well: some are refused. */
  | { readonly kind: "claim"; readonly id: string }
  | { readonly kind: "free"; readonly id: string }
  | { readonly kind: "set"; readonly id: string }
  | { readonly kind: "clear" }
  /** Must see every write answered before it was asked. */
  | { readonly kind: "strongRead" }
  /** Must see what this client has seen or written before. */
  | { readonly kind: "read" }
  /** A write, or a read, that looks through many rows for so long, and finds none. */
  | { readonly kind: "sweep"; readonly ms: number }
  | { readonly kind: "search"; readonly ms: number }
  | TransactionAsk;

/** A transaction of a libSQL client, statement by statement. */
export type TransactionAsk =
  /** Moves an amount between two accounts, by what it reads of them. */
  | { readonly kind: "transfer"; readonly from: string; readonly to: string; readonly amount: number }
  /** Reads all accounts, one after another. */
  | { readonly kind: "look" };

export interface Operation {
  readonly client: number;
  readonly atMs: number;
  /** Asked together. */
  readonly asks: readonly Ask[];
  /** Under a key of the client's own, with which it asks again until it knows. */
  readonly ownKey: boolean;
  /** So long after it knows, it asks the same again under its key, and must be told the same. */
  readonly onceMoreMs?: number;
}

export interface Course {
  readonly seed: number;
  /** One, unless it says so. */
  readonly hosts?: number;
  /** Then one host is away, and the others must do its work as well. */
  readonly wholeAtMs?: number;
  /** A queue has room for so many messages: where it is not said, for more than there are. */
  readonly roomMax?: number;
  readonly slaves: number;
  readonly operations: readonly Operation[];
  readonly faults: readonly Fault[];
}

/** A cluster needs so long to be there at all. */
const startsMs = 3_000;
/** The controller sees a command, chooses and writes down whom it hits within about that time. */
const withdrawnWithinMs = 60;
const sharedIds = ["s1", "s2", "s3"] as const;

/** What a run is about, and how often: faults of one kind meet each other more often than by mere chance. */
const weights = {
  processes: 40,
  log: 15,
  volumes: 14,
  zooKeeper: 12,
  everything: 12,
  /** Names move on from the lowest ones, the log forgets its beginning, and everything stops. */
  names: 6,
  /** Keys of clients are used for as long as they are kept. */
  long: 3,
} as const;
type Theme = keyof typeof weights;
const themes = Object.entries(weights).flatMap(([theme, weight]) =>
  Array.from({ length: weight }, () => theme as Theme),
);

export function courseOf(seed: number, world: Pick<VirtualWorld, "random">): Course {
  return new Author(seed, world.random("course")).course();
}

class Author {
  readonly #seed: number;
  readonly #random: () => number;
  readonly #theme: Theme;
  readonly #busyMs: number;

  constructor(seed: number, random: () => number) {
    this.#seed = seed;
    this.#random = random;
    this.#theme = this.#among(themes);
    this.#busyMs = this.#theme === "long" ? 200_000 : this.#theme === "names" ? 14_000 : 8_000;
  }

  course(): Course {
    const slaves = this.#theme === "names" ? 3 : 1 + this.#below(3);
    const first =
      this.#theme === "names"
        ? this.#namesMoveOn()
        : Array.from({ length: 1 + this.#below(4) }, () => this.#fault());
    const faults = first.flatMap((one) => (this.#random() < 0.2 ? [one, this.#echo(one)] : [one]));
    const operations = Array.from({ length: 8 + this.#below(15) }, () => this.#operation());
    // Many ask at the moment of a fault.
    const rushAtMs = this.#among(faults).atMs - 20;
    const rush = Array.from({ length: this.#below(12) }, () => ({
      ...this.#operation(),
      atMs: rushAtMs + this.#random() * 60,
    }));
    return {
      seed: this.#seed,
      slaves,
      operations: [...operations, ...rush].sort((a, b) => a.atMs - b.atMs),
      faults,
    };
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n);
  }

  #among<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }

  #operation(): Operation {
    const dice = this.#random();
    const asks: Ask[] =
      dice < 0.1
        ? [{ kind: "strongRead" }]
        : dice < 0.25
          ? [{ kind: "read" }]
          : Array.from({ length: 1 + this.#below(3) }, () => this.#ask());
    return {
      client: this.#below(3),
      atMs: startsMs + this.#random() * this.#busyMs,
      asks,
      ownKey: this.#random() < 0.4,
      ...(this.#theme === "long" ? { ownKey: true, onceMoreMs: this.#random() * keptMs } : {}),
    };
  }

  #namesMoveOn(): readonly Fault[] {
    const crash: Strike = { kind: "crash", outOfMemory: false };
    const at = (atMs: number, target: Target, strike: Strike): Fault => ({ target, atMs, strike });
    return [
      at(3_000 + this.#random() * 2_000, "master", crash),
      at(5_500 + this.#random() * 1_500, this.#below(4), crash),
      at(8_000 + this.#random() * 1_000, 0, { kind: "scale", slaves: 1 }),
      at(13_000 + this.#random() * 2_000, 0, { kind: "trimLog", keep: 1 + this.#below(3) }),
      at(
        15_000 + this.#random() * 2_000,
        0,
        this.#random() < 0.5
          ? { kind: "stopAll", ms: 1_000 }
          : { kind: "powerCut", ms: 1_000, lost: this.#below(4) },
      ),
    ];
  }

  #ask(): Ask {
    const id = this.#among(sharedIds);
    const dice = this.#random();
    if (dice < 0.3) return { kind: "add" };
    if (dice < 0.5) return { kind: "count" };
    if (dice < 0.7) return { kind: "claim", id };
    if (dice < 0.85) return { kind: "free", id };
    if (dice < 0.98) return { kind: "set", id };
    return { kind: "clear" };
  }

  #fault(): Fault {
    const atMs = startsMs - 500 + this.#random() * this.#busyMs;
    const dice = this.#random();
    const target: Target =
      dice < 0.55 ? "master" : dice < 0.85 ? this.#below(4) : dice < 0.93 ? "controller" : "api";
    const one = { target, atMs, strike: this.#strike() };
    return this.#random() < 0.6 ? { ...one, step: 1 + this.#below(60) } : one;
  }

  /** Whichever worker takes over what another held loses its place in the middle of it. */
  #echo({ atMs }: Fault): Fault {
    const dice = this.#random();
    const ms = 4_000 + this.#random() * 4_000;
    const strike: Strike =
      dice < 0.4
        ? { kind: "cutBoth", ms }
        : dice < 0.6
          ? { kind: "pause", ms }
          : dice < 0.9
            ? { kind: "cutRabbit", ms }
            : { kind: "restartBroker" };
    return { target: "master", atMs, onSuspects: true, strike };
  }

  /** Often about as long as a session lasts without a sign of life. */
  #outage(mostMs: number): number {
    return this.#random() < 0.4
      ? sessionTimeoutMs * (0.6 + this.#random() * 0.6)
      : 200 + this.#random() * mostMs;
  }

  #strike(): Strike {
    if (this.#random() < 0.5) return this.#ofProcess();
    switch (this.#theme) {
      case "processes":
        return this.#ofProcess();
      case "log":
        return this.#ofLog();
      case "volumes":
        return this.#ofVolume();
      case "zooKeeper":
        return this.#ofZooKeeper();
      case "everything":
      case "names":
      case "long":
        return this.#among([
          () => this.#ofLog(),
          () => this.#ofZooKeeper(),
          () => this.#ofProcess(),
          () => ({ kind: "stopAll", ms: 500 + this.#random() * 5_000 }) as const,
        ])();
    }
  }

  #ofProcess(): Strike {
    const dice = this.#random();
    if (dice < 0.3) return { kind: "crash", outOfMemory: this.#random() < 0.3 };
    if (dice < 0.45) return { kind: "pause", ms: this.#outage(6_000) };
    if (dice < 0.53) return { kind: "cutRabbit", ms: this.#outage(7_000) };
    if (dice < 0.6) return { kind: "cutZooKeeper", ms: this.#outage(6_000) };
    if (dice < 0.7) return { kind: "cutBoth", ms: this.#outage(7_000) };
    if (dice < 0.75)
      return { kind: "slowDisk", ms: 500 + this.#random() * 4_000, byMs: 50 + this.#random() * 1_000 };
    if (dice < 0.78) return { kind: "expireSession" };
    if (dice < 0.81) return { kind: "forget" };
    if (dice < 0.83) return { kind: "switchover" };
    if (dice < 0.85)
      return { kind: "withdrawnSwitchover", afterMs: ((dice - 0.83) / 0.02) * withdrawnWithinMs };
    if (dice < 0.9) return { kind: "scale", slaves: 1 + this.#below(4) };
    if (dice < 0.94) return { kind: "engineDown", ms: this.#outage(6_000) };
    if (dice < 0.97) return { kind: "blockBroker", ms: this.#outage(6_000) };
    return { kind: "restartBroker" };
  }

  #ofLog(): Strike {
    const dice = this.#random();
    if (dice < 0.2) return { kind: "restartBroker" };
    if (dice < 0.35) return { kind: "brokerDown", ms: this.#outage(6_000) };
    if (dice < 0.55) return { kind: "trimLog", keep: 1 + this.#below(8) };
    if (dice < 0.75) return { kind: "deleteLog" };
    return { kind: "powerCut", ms: 500 + this.#random() * 4_000, lost: this.#below(6) };
  }

  #ofVolume(): Strike {
    const dice = this.#random();
    if (dice < 0.3) return { kind: "loseVolume" };
    // Then nobody knows whether the log still holds what only that volume held.
    if (dice < 0.4) return { kind: "restartBroker" };
    if (dice < 0.55) return { kind: "damageVolume" };
    if (dice < 0.75) return { kind: "fullDisk", ms: this.#outage(6_000) };
    return { kind: "trimLog", keep: 1 + this.#below(8) };
  }

  #ofZooKeeper(): Strike {
    const dice = this.#random();
    if (dice < 0.4) return { kind: "emptyZooKeeper" };
    if (dice < 0.7) return { kind: "zooKeeperDown", ms: this.#outage(6_000) };
    return { kind: "expireSession" };
  }
}
