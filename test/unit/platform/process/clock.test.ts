import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { every, systemClock } from "../../../../platform/process/clock.ts";

describe("the system's clock", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
  afterEach(() => mock.timers.reset());

  it("counts on when the machine's clock is set, and tells the machine's clock apart", () => {
    const beforeMs = systemClock.now();
    mock.timers.setTime(86_400_000);
    assert.equal(systemClock.wallMs(), 86_400_000);
    assert.ok(systemClock.now() - beforeMs < 60_000);
  });

  it("runs once after a time, unless cancelled", () => {
    const ran: string[] = [];
    systemClock.after(10, () => ran.push("kept"));
    systemClock.after(10, () => ran.push("cancelled"))();
    mock.timers.tick(30);
    assert.deepEqual(ran, ["kept"]);
  });

  it("repeats until cancelled, also from within a run", () => {
    let runs = 0;
    const cancel = every(systemClock, 10, () => {
      runs += 1;
      if (runs === 3) cancel();
    });
    mock.timers.tick(10);
    mock.timers.tick(10);
    mock.timers.tick(10);
    mock.timers.tick(100);
    assert.equal(runs, 3);
  });
});
