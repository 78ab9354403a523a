import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TransientError } from "../../../../core/errors.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import {
  aborted,
  bounded,
  sleep,
  unlessAborted,
  Wakeable,
  within,
} from "../../../../platform/process/waiting.ts";

const never = new Promise<never>(() => undefined);
const fired = AbortSignal.abort(new Error("over"));

describe("sleep", () => {
  it("ends at once when its signal fires, or has fired", async () => {
    const scope = new AbortController();
    const sleeping = sleep(60_000, scope.signal);
    scope.abort();
    await sleeping;
    await sleep(60_000, fired);
  });
});

describe("within", () => {
  it("gives what the promise gives", async () => {
    assert.equal(await within(Promise.resolve(7), 1_000, "seven"), 7);
    await assert.rejects(within(Promise.reject(new Error("own")), 1_000, "x"), /own/);
  });
  it("fails with a transient error that says what did not answer", async () => {
    await assert.rejects(within(never, 5, "ask ZooKeeper"), (error) => {
      assert.ok(error instanceof TransientError);
      assert.equal(error.message, "ask ZooKeeper: no answer within 5 ms");
      return true;
    });
  });
});

describe("unlessAborted", () => {
  it("fails with the signal's reason, before or during the wait", async () => {
    await assert.rejects(unlessAborted(never, fired), /over/);
    const scope = new AbortController();
    const waiting = unlessAborted(never, scope.signal);
    scope.abort(new Error("ended"));
    await assert.rejects(waiting, /ended/);
  });
  it("gives what the promise gives when nothing fires", async () => {
    assert.equal(await unlessAborted(Promise.resolve(7), new AbortController().signal), 7);
  });
});

describe("aborted", () => {
  it("resolves when the signal fires, or has fired", async () => {
    await aborted(fired);
    const scope = new AbortController();
    const waiting = aborted(scope.signal);
    scope.abort();
    await waiting;
  });
});

describe("a wakeable", () => {
  it("remembers a wake that came before the wait", async () => {
    const wakeable = new Wakeable();
    wakeable.wake();
    await wakeable.wait(60_000);
  });
  it("remembers it once", async () => {
    const wakeable = new Wakeable();
    wakeable.wake();
    wakeable.wake();
    await wakeable.wait(60_000);
    const startedAtMs = performance.now();
    await wakeable.wait(20);
    assert.ok(performance.now() - startedAtMs > 10);
  });
  it("ends a wait that is going on, and by its signal", async () => {
    const wakeable = new Wakeable();
    const waiting = wakeable.wait(60_000);
    wakeable.wake();
    await waiting;
    const scope = new AbortController();
    const other = wakeable.wait(60_000, scope.signal);
    scope.abort();
    await other;
    await wakeable.wait(60_000, fired);
  });
});

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
