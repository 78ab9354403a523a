// The network between a process and a service: messages of one lane arrive in order, after a while. A cut link keeps what
// is on its way, as TCP does, and delivers it once it is mended, however late that is.
import type { Random, VirtualWorld } from "./virtual-world.ts";

export class Link {
  readonly #world: VirtualWorld;
  readonly #random: Random;
  readonly #delayMs: number;
  readonly #held: (() => void)[] = [];
  /** Why it is cut: for as long as there is a reason. */
  readonly #cuts = new Set<string>();

  constructor(world: VirtualWorld, name: string, delayMs: number) {
    this.#world = world;
    this.#random = world.random(`link ${name}`);
    this.#delayMs = delayMs;
  }

  get isCut(): boolean {
    return this.#cuts.size > 0;
  }

  cut(why = "by itself"): void {
    this.#cuts.add(why);
  }

  mend(why = "by itself"): void {
    this.#cuts.delete(why);
    if (this.isCut) return;
    for (const run of this.#held.splice(0)) run();
  }

  delayMs(): number {
    return this.#random() * this.#delayMs;
  }

  lane(): Lane {
    let lastAtMs = 0;
    return (run) => {
      const atMs = Math.max(lastAtMs, this.#world.nowMs + this.delayMs());
      lastAtMs = atMs;
      this.#world.after(atMs - this.#world.nowMs, () => {
        // What set out earlier and is held goes first.
        if (this.isCut || this.#held.length > 0) this.#held.push(run);
        else run();
      });
    };
  }
}

/** Sends something on its way. */
export type Lane = (arrive: () => void) => void;

const silences = {
  /** A client asks for a sign of life every second and gives up after this. */
  client: { least: 2_500, most: 4_500 },
  /** The broker relies on heartbeats. */
  broker: { least: 7_000, most: 15_000 },
} as const;

/** How long one side of a connection hears nothing before it takes the other for gone. */
export function noticedAfterMs(side: keyof typeof silences, random: Random): number {
  const { least, most } = silences[side];
  return least + random() * (most - least);
}
