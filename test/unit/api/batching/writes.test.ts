import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { turn, writeWorld } from "./batchers.ts";

describe("a batcher of writes", () => {
  it("gives each write a key: the client's own, or one that stays the same when it is sent again", async () => {
    const { batcher, line, submit } = writeWorld();
    submit("a");
    submit("b", { key: "c:k", hash: "h" });
    await turn();
    batcher.repeat();
    const keys = [
      { index: 0, shape: 0, rows: [["a"]], key: "api-0-x-w-1#0", deadlineMs: 5_011_000 },
      { index: 1, shape: 0, rows: [["b"]], key: "c:k", deadlineMs: 5_011_000, hash: "h" },
    ];
    assert.deepEqual(
      line.writes().map(({ items }) => items),
      [keys, [keys[0]], [keys[1]]],
    );
    assert.deepEqual(
      line.writes().map(({ attempt }) => attempt),
      [1, 2, 2],
    );
    assert.deepEqual(
      new Set(line.sent.map(({ options }) => options.correlationId)),
      new Set(["api-0-x-w-1"]),
    );
    // The broker drops what no client waits for any more.
    assert.equal(line.sent[0]?.options.expirationMs, 10_000);
  });

  it("keeps each write's own deadline in every copy of it, also when the clock is set", async () => {
    const { clock, batcher, line, submit } = writeWorld();
    submit("early", { deadlineAtMs: 3_000, deadlineMs: 5_003_000 });
    submit("late");
    await turn();
    clock.now = () => 86_400_000;
    batcher.repeat();
    assert.deepEqual(
      line.writes().map(({ deadlineMs, items }) => [deadlineMs, items.map((item) => item.deadlineMs)]),
      [
        [5_011_000, [5_003_000, 5_011_000]],
        [5_003_000, [5_003_000]],
        [5_011_000, [5_011_000]],
      ],
    );
    assert.deepEqual(
      line.writes().map(({ sentAtMs }) => sentAtMs),
      [5_001_000, 86_400_000, 86_400_000],
    );
  });

  it("sends what is to be repeated once the broker takes messages, and only once", async () => {
    const { batcher, line, submit } = writeWorld();
    submit("a");
    await turn();
    line.blocked = true;
    for (let masters = 0; masters < 3; masters++) batcher.repeat();
    batcher.sweep();
    assert.equal(line.sent.length, 1);
    line.blocked = false;
    batcher.sweep();
    batcher.sweep();
    assert.deepEqual(
      line.writes().map(({ attempt }) => attempt),
      [1, 2],
    );
  });

  it("sends no write again whose deadline is over", async () => {
    const { clock, batcher, line, submit } = writeWorld();
    submit("early", { deadlineAtMs: 3_000, deadlineMs: 5_003_000 });
    submit("late");
    await turn();
    clock.ms = 3_000;
    batcher.repeat();
    assert.deepEqual(
      line.writes().map(({ items }) => items.map(({ rows }) => rows[0]?.[0])),
      [["early", "late"], ["late"]],
    );
  });

  it("sends no write again without a cause", async () => {
    const { clock, batcher, line, submit } = writeWorld();
    const reply = submit("a");
    await turn();
    for (clock.ms = 1_000; clock.ms < 10_900; clock.ms += 100) batcher.sweep();
    assert.equal(line.sent.length, 1);
    clock.ms = 11_000;
    batcher.sweep();
    assert.deepEqual(reply.heard, ["unavailable"]);
    batcher.repeat();
    assert.equal(line.sent.length, 1);
  });
});
