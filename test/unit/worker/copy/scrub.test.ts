import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TransientError } from "../../../../core/errors.ts";
import { type Clock, systemClock } from "../../../../platform/process/clock.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { scrub } from "../../../../worker/copy/scrub.ts";
import { DamagedFileError } from "../../../../worker/sqlite-errors.ts";

const log = createLog({ program: "w-1", format: "json", level: "silent" });

/** A clock that only sleeping and reading through move on, and what was rested each time. */
function clock(restsMax: number) {
  const rests: number[] = [];
  const enough = new AbortController();
  let nowMs = 0;
  const time: Clock = {
    ...systemClock,
    now: () => nowMs,
    sleep: async (ms) => {
      rests.push(ms);
      nowMs += ms;
      if (rests.length > restsMax) enough.abort();
    },
  };
  const spend = (ms: number) => {
    nowMs += ms;
  };
  return { time, rests, spend, signal: enough.signal };
}

describe("reading a copy through", () => {
  it("rests fifty times as long as it took, and ten seconds at least", async () => {
    const { time, rests, spend, signal } = clock(3);
    const durationsMs = [5, 700, 1_000];
    await scrub({ check: async () => spend(durationsMs.shift() ?? 0) }, time, log, signal);
    assert.deepEqual(rests, [10_000, 10_000, 35_000, 50_000]);
  });

  it("ends with the damage that it finds", async () => {
    const { time, signal } = clock(9);
    const check = () => Promise.reject(new DamagedFileError("database file is damaged"));
    await assert.rejects(scrub({ check }, time, log, signal), DamagedFileError);
  });

  it("tries again later when it could not be done", async () => {
    const { time, rests, signal } = clock(2);
    await scrub({ check: () => Promise.reject(new TransientError("busy")) }, time, log, signal);
    assert.equal(rests.length, 3);
  });

  it("ends when this machine cannot read the file, which says nothing about the copy", async () => {
    const { time, signal } = clock(9);
    const check = () => Promise.reject(new Error("could not look at the database file"));
    await assert.rejects(scrub({ check }, time, log, signal), /could not look/);
  });
});
