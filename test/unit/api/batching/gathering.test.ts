import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { packRead } from "../../../../api/batching/pending.ts";
import { readBounds } from "../../../../core/messages/queues.ts";
import { ok, readWorld, turn } from "./batchers.ts";

describe("a batcher of reads", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  it("sends a lone request at the end of its turn", async () => {
    const { batcher, line, submit, answer } = readWorld();
    batcher.connect(line);
    const reply = submit();
    assert.equal(line.sent.length, 0);
    await turn();
    assert.equal(line.sent.length, 1);
    answer(0, [ok(0, '[{"a":"v"}]')]);
    assert.deepEqual(reply.heard, ['ok [{"a":"v"}] at 7 by w-1']);
    assert.equal(batcher.pending, 0);
  });

  it("puts the requests of one turn into one message, each shape once", async () => {
    const { batcher, line, submit } = readWorld();
    batcher.connect(line);
    submit("a");
    submit("b", { minPosition: 3 });
    submit("c", packRead({ shape: { kind: "count", table: "t" }, params: [] }));
    await turn();
    const [batch] = line.reads();
    assert.equal(line.sent.length, 1);
    assert.deepEqual(batch, {
      v: 1,
      deadlineMs: 5_000_000 + 11_000,
      sentAtMs: 5_000_000 + 1_000,
      attempt: 1,
      shapes: [
        { kind: "select", table: "t", columns: "*", where: { op: "=", column: "a", param: 0 } },
        { kind: "count", table: "t" },
      ],
      items: [
        { index: 0, shape: 0, params: ["a"] },
        { index: 1, shape: 0, params: ["b"], minPosition: 3 },
        { index: 2, shape: 1, params: [] },
      ],
    });
    assert.deepEqual(line.sent[0]?.options, { correlationId: "api-0-x-r-1", expirationMs: 10_000 });
  });

  it("writes whatever binds a read", async () => {
    const { batcher, line, submit } = readWorld();
    batcher.connect(line);
    const bound = Object.fromEntries(readBounds.map((name, i) => [name, 10 + i]));
    submit("bound", bound);
    submit("free");
    await turn();
    const [batch] = line.reads();
    assert.deepEqual(batch?.items, [
      { index: 0, shape: 0, params: ["bound"], ...bound },
      { index: 1, shape: 0, params: ["free"] },
    ]);
  });

  it("lets no message grow over the bounds of items and of bytes", async () => {
    const { batcher, line, submit } = readWorld();
    batcher.connect(line);
    for (let i = 0; i < 6; i++) submit(i);
    submit("large", { bytes: 500 });
    submit("small");
    await turn();
    assert.deepEqual(
      line.reads().map(({ items }) => items.map(({ params }) => params[0])),
      [[0, 1, 2, 3], [4, 5], ["large"], ["small"]],
    );
  });

  it("splits a message that came out too large, and refuses the request that is", async () => {
    const { batcher, line, submit, answer } = readWorld();
    batcher.connect(line);
    const large = submit("x".repeat(2_000));
    const medium = [submit("y".repeat(500)), submit("z".repeat(500))];
    await turn();
    assert.deepEqual(large.heard, ["too_large"]);
    assert.deepEqual(
      line.reads().map(({ items }) => items.map(({ index }) => index)),
      [[1], [2]],
    );
    answer(0, [ok(1), ok(2)]);
    assert.deepEqual(
      medium.map(({ heard }) => heard.length),
      [1, 1],
    );
    assert.equal(batcher.pending, 0);
  });

  it("gathers requests while enough messages are unanswered, until an answer comes", async () => {
    const { batcher, line, submit, answer } = readWorld();
    batcher.connect(line);
    for (let i = 0; i < 4; i++) {
      submit(i);
      await turn();
    }
    assert.equal(line.sent.length, 2);
    answer(0, [ok(0)]);
    await turn();
    assert.deepEqual(
      line.reads().map(({ items }) => items.map(({ params }) => params[0])),
      [[0], [1], [2, 3]],
    );
  });

  it("gathers as many requests as the message on its way still holds", async () => {
    const { batcher, line, submit, answer } = readWorld({ batchItemsMax: 10 });
    batcher.connect(line);
    for (let i = 0; i < 3; i++) submit(i);
    await turn();
    const sent = () => line.reads().map(({ items }) => items.length);
    submit("first of the next");
    await turn();
    assert.deepEqual(sent(), [3]);
    submit("second");
    submit("third");
    await turn();
    assert.deepEqual(sent(), [3, 3]);
    answer(0, [ok(0), ok(1)]);
    answer(1, [ok(0), ok(1), ok(2)]);
    submit("as many as are left of the first");
    await turn();
    assert.deepEqual(sent(), [3, 3, 1]);
  });

  it("gathers no longer than it may linger", async () => {
    const { batcher, line, submit } = readWorld();
    batcher.connect(line);
    for (let i = 0; i < 4; i++) {
      submit(i);
      await turn();
    }
    assert.equal(line.sent.length, 2);
    mock.timers.tick(4);
    assert.equal(line.sent.length, 3);
  });
});
