import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "../../../platform/process/clock.ts";
import { aborted } from "../../../platform/process/waiting.ts";
import { bounded } from "../../../worker/deadline.ts";

const whenOver = async (signal: AbortSignal) => {
  await aborted(signal);
  return String(signal.reason);
};

describe("bounded work", () => {
  it("gives what the work gives, or fails with it", async () => {
    assert.equal(await bounded(systemClock, 1_000, [], async () => 7), 7);
    await assert.rejects(
      bounded(systemClock, 1_000, [], () => Promise.reject(new Error("own"))),
      /own/,
    );
  });
  it("is told when its time is over", async () => {
    assert.match(await bounded(systemClock, 5, [], whenOver), /no answer within 5 ms/);
  });
  it("is told when a scope around it ends, or has ended", async () => {
    const scope = new AbortController();
    const working = bounded(systemClock, 60_000, [new AbortController().signal, scope.signal], whenOver);
    scope.abort(new Error("session lost"));
    assert.match(await working, /session lost/);
    assert.match(await bounded(systemClock, 60_000, [scope.signal], whenOver), /session lost/);
  });
  it("is told when it is given up", async () => {
    const over = bounded(systemClock, 60_000, [], (signal, giveUp) => {
      giveUp(new Error("refused"));
      return whenOver(signal);
    });
    assert.match(await over, /refused/);
  });
});
