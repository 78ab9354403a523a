// How long records take from the leading broker in memory to the others.
import type { Random, VirtualWorld } from "./virtual-world.ts";

const replicationMs = 2;
/** In some clusters one broker is slow, or all are. */
const slow = { oneIs: 0.3, allAre: 0.2, mostMs: 500 } as const;
/** Some that were away have much to copy before they have what the others have. */
const behind = { share: 0.3, mostMs: 3_000 } as const;

export class Replication {
  readonly #world: VirtualWorld;
  readonly #random: Random;
  readonly #randomBehind: Random;
  readonly #mostMs: readonly number[];
  /** By the broker: when one that was away has copied what it missed. */
  readonly #behindUntilMs = new Map<number, number>();

  constructor(world: VirtualWorld, size: number, random: Random) {
    this.#world = world;
    this.#random = random;
    this.#randomBehind = world.random("broker replicas that were away");
    const [dice, slowest] = [random(), Math.floor(random() * size)];
    const isSlow = (node: number) =>
      dice < slow.allAre || (dice < slow.allAre + slow.oneIs && node === slowest);
    this.#mostMs = Array.from({ length: size }, (_, node) =>
      isSlow(node) ? random() * slow.mostMs : replicationMs,
    );
  }

  isBack(node: number): void {
    if (this.#randomBehind() >= behind.share) return;
    this.#behindUntilMs.set(node, this.#world.nowMs + this.#randomBehind() * behind.mostMs);
  }

  /** Until this broker has what is sent to it now. */
  msTo(node: number): number {
    const ms = this.#random() * (this.#mostMs[node] ?? 0);
    return Math.max(ms, (this.#behindUntilMs.get(node) ?? 0) - this.#world.nowMs);
  }
}
