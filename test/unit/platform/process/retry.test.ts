import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { TerminalError } from "../../../../core/errors.ts";
import { backOffMs } from "../../../../platform/process/back-off.ts";
import { type Clock, systemClock } from "../../../../platform/process/clock.ts";
import { nextAttempt, retry, terminalDelayMs } from "../../../../platform/process/retry.ts";

const policy = { firstMs: 100, maxMs: 5_000, healthyAfterMs: 10_000 } as const;
const failure = new Error("refused");

describe("the delay before the next attempt", () => {
  it("doubles with each failure in a row", () => {
    const delays = [1, 2, 3, 4].map((failures) => backOffMs(policy, failures));
    assert.deepEqual(delays, [100, 200, 400, 800]);
  });

  it("is none after an attempt that ran well, whatever failed before it", () => {
    const next = nextAttempt(policy, 4, { error: failure, ranMs: policy.healthyAfterMs });
    assert.deepEqual(next, { failuresInARow: 0, delayMs: 0 });
  });

  it("is long after an error that only an operator can settle, however long the attempt ran", () => {
    const error = new TerminalError("queue exists with other properties");
    for (const ranMs of [0, 60_000])
      assert.equal(nextAttempt(policy, 0, { error, ranMs }).delayMs, terminalDelayMs);
  });

  it("is never shorter than the first or longer than the longest", () => {
    fc.assert(
      fc.property(
        fc.nat(5_000),
        fc.integer({ min: 0, max: policy.healthyAfterMs - 1 }),
        (failures, ranMs) => {
          const { delayMs } = nextAttempt(policy, failures, { error: failure, ranMs });
          assert.ok(delayMs >= policy.firstMs && delayMs <= policy.maxMs);
        },
      ),
    );
  });
});

describe("retrying", () => {
  /** Time passes only while it is slept, or while an attempt runs. */
  function world(signal?: AbortController) {
    const slept: number[] = [];
    let nowMs = 0;
    const clock: Clock = {
      ...systemClock,
      monotonicMs: () => nowMs,
      sleep: async (ms) => {
        slept.push(ms);
        nowMs += ms;
        if (slept.length === 10) signal?.abort();
      },
    };
    const pass = (ms: number) => {
      nowMs += ms;
    };
    return { clock, slept, pass };
  }

  it("tries until an attempt returns, and begins anew with the delays after one that ran well", async () => {
    const { clock, slept, pass } = world();
    const failures: unknown[] = [];
    let attempts = 0;
    const attempt = async () => {
      attempts += 1;
      if (attempts === 4) pass(10_000);
      if (attempts < 6) throw failure;
    };
    const onFailure = ({ error }: { readonly error: unknown }) => failures.push(error);
    await retry({ policy, clock, attempt, onFailure }, new AbortController().signal);
    assert.deepEqual(slept, [100, 200, 400, 0, 100]);
    assert.equal(failures.length, 5);
  });

  it("ends when the signal fires, and then tells of no failure", async () => {
    const stop = new AbortController();
    const { clock, slept } = world(stop);
    let told = 0;
    const attempt = () => Promise.reject(failure);
    const onFailure = () => {
      told += 1;
    };
    await retry({ policy, clock, attempt, onFailure }, stop.signal);
    assert.deepEqual([slept.length, told], [10, 10]);
    await retry({ policy, clock, attempt, onFailure }, stop.signal);
    assert.equal(told, 10);
  });
});
