import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { leaveForHome, type WayHome } from "../../../../platform/rabbitmq/homeward.ts";

const back = /^TransientError: the broker of the own host is there again/;

/** A program away from broker 2, on a clock that passes as it is waited for; for a minute at most. */
function away(over = new AbortController()) {
  let nowMs = 0;
  const asked: { readonly broker: number; readonly offset: number }[] = [];
  const clock = {
    monotonicMs: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
      if (nowMs > 60_000) over.abort("time is over");
    },
  };
  const leaves = (way: () => WayHome | undefined, reaches: (offset: number) => boolean, awayFrom?: number) =>
    leaveForHome(
      {
        awayFrom,
        logReaches: async (broker, offset) => {
          asked.push({ broker, offset });
          return reaches(offset);
        },
      },
      way,
      clock,
      over.signal,
    );
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

  it("asks nothing where it is connected to its own", async () => {
    const { leaves, asked } = away();
    await leaves(free(0), () => true);
    assert.deepEqual(asked, []);
  });
});
