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
