// A process in the virtual world: what it waits for reaches it only while it runs. Killed, it never learns of anything
// again; paused, it learns of everything later, and its time stands still meanwhile.
import type { Clock } from "../../platform/process/clock.ts";
import type { Cancel, Random, VirtualWorld } from "./virtual-world.ts";

/** Unix ms at which a world begins. */
export const worldEpochMs = 1_700_000_000_000;
const skewMostMs = 2 * 3_600_000;

export class VirtualProcess implements Clock {
  readonly name: string;
  readonly world: VirtualWorld;
  /** Called at each call of the process to the outside: a fault may strike between any two of them. */
  onStep: ((step: number) => void) | undefined;
  readonly #random: Random;
  /** Its clock is not everybody's. */
  readonly #skewMs: number;
  readonly #onEnd: (() => void)[] = [];
  #state: "running" | "paused" | "dead" = "running";
  #steps = 0;
  /** What came while it was paused: timers that ran out, and everything else. */
  #due: (() => void)[] = [];
  #inbox: (() => void)[] = [];

  /** @param host programs of one machine have one clock */
  constructor(world: VirtualWorld, name: string, host = name) {
    this.world = world;
    this.name = name;
    this.#random = world.random(`process ${name}`);
    this.#skewMs = Math.round((world.random(`clock of ${host}`)() - 0.5) * skewMostMs);
  }

  get dead(): boolean {
    return this.#state === "dead";
  }

  get paused(): boolean {
    return this.#state === "paused";
  }

  now(): number {
    return Math.round(worldEpochMs + this.world.nowMs + this.#skewMs);
  }

  wallMs(): number {
    return this.now();
  }

  monotonicMs(): number {
    return this.world.nowMs;
  }

  /** Counts a call to the outside. @returns false when the process died at it: the call is then not made */
  step(): boolean {
    this.#steps += 1;
    this.onStep?.(this.#steps);
    return !this.dead;
  }

  /** Something from outside arrives. */
  receive(run: () => void): void {
    if (this.#state === "paused") this.#inbox.push(run);
    else this.#run(run);
  }

  after(ms: number, run: () => void): Cancel {
    let cancelled = false;
    const cancel = this.world.after(ms, () => {
      if (this.#state === "paused") this.#due.push(() => cancelled || run());
      else this.#run(run);
    });
    return () => {
      cancelled = true;
      cancel();
    };
  }

  #run(run: () => void): void {
    if (this.#state !== "running") return;
    this.world.touch();
    run();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        cancel();
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const cancel = this.after(ms, done);
      signal?.addEventListener("abort", done, { once: true });
    });
  }

  /** Local work: a disk, a thread. Never returns when the process dies meanwhile. */
  async work(mostMs: number): Promise<void> {
    if (!this.step()) await new Promise(() => undefined);
    await this.sleep(this.#random() * mostMs);
  }

  /** Runs when the process is gone, by a kill or by its own end. */
  onEnd(run: () => void): void {
    this.#onEnd.push(run);
  }

  pause(): void {
    if (this.#state === "running") this.#state = "paused";
  }

  /** Timers that ran out come one after the other, what arrived comes in bursts; which of the two first is chance. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.#state = "running";
    const [due, inbox] = [this.#due, this.#inbox];
    this.#due = [];
    this.#inbox = [];
    const bursts = this.#inBursts(inbox);
    const all = this.#random() < 0.5 ? [...due, ...bursts] : [...bursts, ...due];
    for (const run of all) this.world.after(0, () => this.receive(run));
  }

  #inBursts(inbox: readonly (() => void)[]): readonly (() => void)[] {
    const bursts: (() => void)[][] = [];
    for (const run of inbox) {
      if (bursts.length === 0 || this.#random() < 0.3) bursts.push([]);
      bursts.at(-1)?.push(run);
    }
    return bursts.map((burst) => () => {
      for (const run of burst) run();
    });
  }

  kill(): void {
    if (this.#state === "dead") return;
    this.#state = "dead";
    for (const run of this.#onEnd.splice(0)) run();
  }
}

/** Its functions may be handed on alone. */
export const clockOf = (process: VirtualProcess): Clock => ({
  now: () => process.now(),
  wallMs: () => process.wallMs(),
  monotonicMs: () => process.monotonicMs(),
  sleep: (ms, signal) => process.sleep(ms, signal),
  after: (ms, run) => process.after(ms, run),
});
