import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Homeward, type WayHome } from "../../../../platform/rabbitmq/homeward.ts";

const back = /^TransientError: the broker of the own host is there again/;

/** A program on a clock that passes as it is waited for. A session of it lasts for a minute at most. */
function away() {
  let nowMs = 0;
  let overAtMs = 0;
  let over = new AbortController();
  const asked: { readonly broker: number; readonly offset: number }[] = [];
  const homeward = new Homeward({
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
      if (nowMs > overAtMs) over.abort("time is over");
    },
  });
  const leaves = (
    way: () => WayHome | undefined,
    reaches: (offset: number) => boolean,
    awayFrom?: number,
  ) => {
    over = new AbortController();
    overAtMs = nowMs + 60_000;
    const logReaches = async (broker: number, offset: number) => {
      asked.push({ broker, offset });
      return reaches(offset);
    };
    return homeward.leave({ awayFrom, logReaches }, way, over.signal);
  };
  return { leaves, asked, now: () => nowMs };
}

const free = (forMs: number) => () => ({ offset: 7, forMs });

describe("a program whose own broker was away", () => {
  it("leaves for it once that has had the log for so long as was asked", async () => {
    const { leaves, asked, now } = away();
    await assert.rejects(
      leaves(free(5_000), () => now() > 10_000, 2),
      back,
    );
    assert.equal(now(), 16_000);
    assert.deepEqual(asked.at(-1), { broker: 2, offset: 7 });
  });

  it("waits anew when the broker was gone in between", async () => {
    const { leaves, now } = away();
    await assert.rejects(
      leaves(free(5_000), () => now() !== 4_000, 2),
      back,
    );
    assert.equal(now(), 10_000);
  });

  it("waits anew when it had something in between that it must bring to an end", async () => {
    const { leaves, now } = away();
    const way = () => (now() < 20_000 && now() >= 4_000 ? undefined : { offset: 7, forMs: 5_000 });
    await assert.rejects(
      leaves(way, () => true, 2),
      back,
    );
    assert.equal(now(), 25_000);
  });

  it("goes by what it is now: a master stays longer than the slave that it was", async () => {
    const { leaves, now } = away();
    await assert.rejects(
      leaves(
        () => ({ offset: 7, forMs: now() < 3_000 ? 5_000 : 30_000 }),
        () => true,
        2,
      ),
      back,
    );
    assert.equal(now(), 31_000);
  });

  it("stays to the end of its session while that broker lacks what its copy holds", async () => {
    const { leaves, now } = away();
    await leaves(free(0), (offset) => offset < 7, 2);
    assert.ok(now() > 60_000);
  });

  it("is more patient each time that it did not get there, until it was there once", async () => {
    const { leaves, now } = away();
    const times: number[] = [];
    for (const awayFrom of [2, 2, 2, undefined, 2]) {
      const sinceMs = now();
      const left = leaves(free(5_000), () => true, awayFrom);
      if (awayFrom === undefined) await left;
      else await assert.rejects(left, back);
      times.push(now() - sinceMs);
    }
    assert.deepEqual(times, [6_000, 11_000, 21_000, 0, 6_000]);
  });

  it("asks nothing where it is connected to its own", async () => {
    const { leaves, asked } = away();
    await leaves(free(0), () => true);
    assert.deepEqual(asked, []);
  });
});
