// What happens in one run, as plain values: how many workers, what the clients ask, which faults strike and when. A plan is
// made from a seed; a failing one is made smaller by taking things out of it.
import type { VirtualWorld } from "../fakes/virtual-world.ts";

/** Whom a fault strikes: a worker by its number, or whoever has the `master` znode at the time. */
export type Target = number | "master";

export type Strike =
  /** Killed; started again later, with its disk or with an empty one. Noticed by the controller, or only by ZooKeeper. */
  | {
      readonly kind: "crash";
      readonly downMs: number;
      readonly diskLost: boolean;
      readonly noticed: boolean;
    }
  /** Told to stop, and given the time to do it in order. */
  | { readonly kind: "stop"; readonly downMs: number }
  /** Scaled in: a slave finishes what it holds and ends, a master does not heed it. */
  | { readonly kind: "drain"; readonly downMs: number }
  /** The controller takes it for dead, though it lives. */
  | { readonly kind: "forget" }
  | { readonly kind: "pause"; readonly ms: number }
  | { readonly kind: "cutRabbit" | "cutZooKeeper" | "cutBoth"; readonly ms: number }
  /** Everything its disk does takes long: the copy falls behind. */
  | { readonly kind: "slowDisk"; readonly ms: number; readonly byMs: number }
  | { readonly kind: "expireSession" }
  | { readonly kind: "restartBroker" }
  /** Its data is gone: every node, every session, and the count of its transactions. */
  | { readonly kind: "emptyZooKeeper" };

export interface Fault {
  readonly target: Target;
  /** At a moment, or at the worker's nth call to the outside after that moment. */
  readonly atMs: number;
  readonly step?: number;
  /** At whichever worker is the next to note suspects. */
  readonly onSuspects?: boolean;
  readonly strike: Strike;
}

export type Ask =
  /** A row of its own, once. */
  | { readonly kind: "add" }
  /** A row that others want as well: some are refused. */
  | { readonly kind: "claim"; readonly id: string }
  | { readonly kind: "free"; readonly id: string }
  | { readonly kind: "set"; readonly id: string }
  | { readonly kind: "clear" }
  /** Must see every write answered before it was asked. */
  | { readonly kind: "strongRead" }
  /** Must see what this client has seen or written before. */
  | { readonly kind: "read" };

export interface Operation {
  readonly client: number;
  readonly atMs: number;
  /** Asked together, in one message. */
  readonly asks: readonly Ask[];
  /** Under a key of the client's own, with which it asks again until it knows. */
  readonly ownKey: boolean;
}

export interface Plan {
  readonly seed: number;
  readonly workers: number;
  readonly operations: readonly Operation[];
  readonly faults: readonly Fault[];
}

const busyMs = 7_000;
/** The workers' sessions last so long without a sign of life: much that matters happens right about then. */
export const sessionTimeoutMs = 1_500;
const sharedIds = ["s1", "s2", "s3"] as const;

export function planOf(seed: number, world: Pick<VirtualWorld, "random">): Plan {
  const random = world.random("plan");
  const below = (n: number) => Math.floor(random() * n);
  const among = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const workers = 2 + below(3);

  const ask = (): Ask => {
    const id = among(sharedIds);
    const dice = random();
    if (dice < 0.55) return { kind: "add" };
    if (dice < 0.7) return { kind: "claim", id };
    if (dice < 0.8) return { kind: "free", id };
    if (dice < 0.97) return { kind: "set", id };
    return { kind: "clear" };
  };
  const operation = (): Operation => {
    const dice = random();
    const asks: Ask[] =
      dice < 0.1
        ? [{ kind: "strongRead" }]
        : dice < 0.25
          ? [{ kind: "read" }]
          : Array.from({ length: 1 + below(3) }, ask);
    return { client: below(3), atMs: random() * busyMs, asks, ownKey: random() < 0.4 };
  };
  const outage = (mostMs: number): number =>
    random() < 0.4 ? sessionTimeoutMs * (0.6 + random() * 0.6) : 200 + random() * mostMs;
  const strike = (): Strike => {
    const dice = random();
    if (dice < 0.27)
      return {
        kind: "crash",
        downMs: 200 + random() * 3_000,
        diskLost: random() < 0.2,
        noticed: random() < 0.6,
      };
    if (dice < 0.35) return { kind: "stop", downMs: 200 + random() * 2_000 };
    if (dice < 0.38) return { kind: "drain", downMs: 200 + random() * 2_000 };
    if (dice < 0.42) return { kind: "forget" };
    if (dice < 0.58) return { kind: "pause", ms: outage(6_000) };
    if (dice < 0.66) return { kind: "cutRabbit", ms: outage(7_000) };
    if (dice < 0.74) return { kind: "cutZooKeeper", ms: outage(6_000) };
    if (dice < 0.85) return { kind: "cutBoth", ms: outage(7_000) };
    if (dice < 0.9) return { kind: "slowDisk", ms: 500 + random() * 4_000, byMs: 50 + random() * 1_000 };
    if (dice < 0.97) return { kind: "expireSession" };
    return random() < 0.6 ? { kind: "restartBroker" } : { kind: "emptyZooKeeper" };
  };
  const fault = (): Fault => {
    const atMs = 500 + random() * busyMs;
    const target: Target = random() < 0.6 ? "master" : below(workers);
    const one = { target, atMs, strike: strike() };
    return random() < 0.6 ? { ...one, step: 1 + below(40) } : one;
  };
  /** Whichever worker takes over what another held loses its place in the middle of it. */
  const echo = ({ atMs }: Fault): Fault => ({
    target: "master",
    atMs,
    onSuspects: true,
    strike: random() < 0.8 ? { kind: "cutRabbit", ms: 4_000 + random() * 4_000 } : { kind: "restartBroker" },
  });
  const first = Array.from({ length: 2 + below(5) }, fault);
  const faults = first.flatMap((one) => (random() < 0.2 ? [one, echo(one)] : [one]));
  const operations = Array.from({ length: 10 + below(15) }, operation);
  // Many ask at the moment of a fault.
  const rushAtMs = among(faults).atMs - 20;
  const rush = Array.from({ length: below(12) }, () => ({ ...operation(), atMs: rushAtMs + random() * 60 }));
  return {
    seed,
    workers,
    operations: [...operations, ...rush].sort((a, b) => a.atMs - b.atMs),
    faults,
  };
}
