import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { systemClock } from "../../../../platform/process/clock.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { endWhenLeftBehind } from "../../../../worker/lead/left-behind.ts";

const log = createLog({ program: "test", format: "json", level: "silent" });

function sessionOf() {
  const ended = new AbortController();
  const silent = new AbortController();
  return {
    ended: ended.signal,
    silent: silent.signal,
    fallSilent: () => silent.abort("nothing heard"),
    close: () => ended.abort("closed"),
  };
}

async function pass(t: TestContext, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    t.mock.timers.tick(500);
    await setImmediate();
  }
}

describe("a session that hears nothing", () => {
  it("is ended when another one can be opened", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const session = sessionOf();
    let opened = 0;
    const open = async () => {
      opened += 1;
      return { close: () => undefined };
    };
    const watching = endWhenLeftBehind(session, open, { clock: systemClock, log });
    await pass(t, 10_000);
    assert.equal(opened, 0);
    session.fallSilent();
    await pass(t, 10_000);
    assert.ok(session.ended.aborted);
    assert.equal(opened, 1);
    await watching;
  });

  it("goes on while no other one can be opened either", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const session = sessionOf();
    session.fallSilent();
    const watching = endWhenLeftBehind(session, () => Promise.reject(new Error("no server")), {
      clock: systemClock,
      log,
    });
    await pass(t, 30_000);
    assert.ok(!session.ended.aborted);
    session.close();
    await pass(t, 5_000);
    await watching;
  });
});
