import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { Loop } from "../../../../controller/reconcile/loop.ts";
import { systemClock } from "../../../../platform/process/clock.ts";

/** A cycle that ends when the test says so. */
class Steps {
  started = 0;
  running = 0;
  runningMax = 0;
  readonly #release: (() => void)[] = [];
  readonly #onStart: (() => void)[] = [];

  readonly cycle = async (): Promise<number> => {
    this.started++;
    this.running++;
    this.runningMax = Math.max(this.runningMax, this.running);
    for (const wake of this.#onStart.splice(0)) wake();
    await new Promise<void>((resolve) => this.#release.push(resolve));
    this.running--;
    return 1_000_000;
  };

  async begun(count: number): Promise<void> {
    while (this.started < count) await new Promise<void>((resolve) => this.#onStart.push(resolve));
  }

  end(): void {
    this.#release.shift()?.();
  }
}

describe("Loop", () => {
  it("runs a first cycle without being woken, and ends after the signal and its last cycle", async () => {
    const stop = new AbortController();
    const steps = new Steps();
    const running = new Loop(steps.cycle, systemClock, stop.signal).run();
    await steps.begun(1);
    stop.abort();
    steps.end();
    await running;
    assert.equal(steps.started, 1);
  });

  it("makes one cycle of many wake-ups, and never two at a time", async () => {
    const stop = new AbortController();
    const steps = new Steps();
    const loop = new Loop(steps.cycle, systemClock, stop.signal);
    const running = loop.run();
    await steps.begun(1);
    for (let i = 0; i < 50; i++) loop.wake();
    steps.end();
    await steps.begun(2);
    stop.abort();
    steps.end();
    await running;
    assert.equal(steps.started, 2);
    assert.equal(steps.runningMax, 1);
  });

  it("interrupts a cycle for an urgent wake-up only", async () => {
    const stop = new AbortController();
    const steps = new Steps();
    const loop = new Loop(steps.cycle, systemClock, stop.signal);
    const running = loop.run();
    await steps.begun(1);
    loop.wake();
    assert.equal(loop.interrupted, false);
    loop.wake("urgent");
    assert.equal(loop.interrupted, true);
    steps.end();
    await steps.begun(2);
    assert.equal(loop.interrupted, false);
    stop.abort();
    assert.equal(loop.interrupted, true);
    steps.end();
    await running;
  });

  it("wakes by itself when the cycle's time has passed", async () => {
    const stop = new AbortController();
    const twice = new AbortController();
    let cycles = 0;
    const loop = new Loop(
      async () => {
        if (++cycles === 2) twice.abort();
        return 5;
      },
      systemClock,
      stop.signal,
    );
    const running = loop.run();
    await once(twice.signal, "abort");
    stop.abort();
    await running;
  });
});
