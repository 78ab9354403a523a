import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { encodeAnswers } from "../../../../core/messages/queues.ts";
import { ok, readWorld, turn } from "./batchers.ts";

describe("a batcher of reads", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  it("takes the answers of one batch from several messages, in any order", async () => {
    const { batcher, line, submit, answer } = readWorld();
    batcher.connect(line);
    const replies = [submit(0), submit(1), submit(2)];
    await turn();
    answer(0, [ok(2, "[2]")]);
    answer(0, [{ index: 0, ok: false, body: '{"code":"unknown_table"}', position: 7 }, ok(1, "[1]")]);
    assert.deepEqual(
      replies.map(({ heard }) => heard),
      [['no {"code":"unknown_table"} at 7 by w-1'], ["ok [1] at 7 by w-1"], ["ok [2] at 7 by w-1"]],
    );
  });

  it("drops answers that nobody waits for, and counts their batches", async () => {
    const { batcher, line, answers, submit, answer } = readWorld();
    batcher.connect(line);
    const reply = submit();
    await turn();
    answer(0, [ok(0), ok(9)]);
    answer(0, [ok(0)]);
    answers.receive({ content: encodeAnswers("w-1", [ok(0)]), correlationId: "another" });
    answers.receive({ content: Buffer.from("no answer"), correlationId: "api-0-x-r-1" });
    assert.deepEqual(reply.heard, ["ok [] at 7 by w-1"]);
    assert.equal(answers.dropped, 2);
  });

  it("refuses a request when its time is up, sent or not", async () => {
    const { clock, batcher, line, submit, answer } = readWorld();
    const waiting = submit("waiting", { deadlineAtMs: 1_500 });
    batcher.sweep();
    assert.deepEqual(waiting.heard, []);
    clock.ms = 1_500;
    batcher.sweep();
    assert.deepEqual(waiting.heard, ["unavailable"]);
    batcher.connect(line);
    const sent = submit("sent", { deadlineAtMs: 2_000 });
    const other = submit("other");
    await turn();
    clock.ms = 2_000;
    batcher.sweep();
    assert.deepEqual(sent.heard, ["unavailable"]);
    answer(0, [ok(0), ok(1)]);
    assert.deepEqual([sent.heard.length, other.heard], [1, ["ok [] at 7 by w-1"]]);
    assert.equal(batcher.pending, 0);
  });

  it("refuses at once when too many requests or bytes are waiting", async () => {
    const { batcher, line, submit, answer } = readWorld();
    batcher.connect(line);
    for (let i = 0; i < 20; i++) submit(i);
    assert.deepEqual(submit().heard, ["unavailable"]);
    await turn();
    assert.deepEqual(submit().heard, ["unavailable"]);
    answer(0, [ok(0)]);
    assert.deepEqual(submit().heard, []);
    const heavy = readWorld();
    heavy.submit("large", { bytes: 995 });
    assert.deepEqual(heavy.submit().heard, ["unavailable"]);
  });

  it("refuses at once when the broker has been away or blocked for too long", () => {
    const { clock, batcher, line, submit } = readWorld();
    clock.ms = 2_000;
    assert.deepEqual(submit().heard, []);
    clock.ms = 2_001;
    assert.deepEqual(submit().heard, ["unavailable"]);
    batcher.connect(line);
    assert.deepEqual(submit().heard, []);
    line.blocked = true;
    batcher.sweep();
    clock.ms = 3_100;
    batcher.sweep();
    assert.deepEqual(submit().heard, ["unavailable"]);
    line.blocked = false;
    batcher.sweep();
    assert.deepEqual(submit().heard, []);
    line.end();
    clock.ms = 5_000;
    assert.deepEqual(submit().heard, ["unavailable"]);
  });

  it("fails the requests of a message that the queue refused", async () => {
    const { batcher, line, submit } = readWorld();
    batcher.connect(line);
    const reply = submit();
    await turn();
    line.sent[0]?.refuse(new Error("queue is full"));
    await turn();
    assert.deepEqual(reply.heard, ["unavailable"]);
    assert.equal(batcher.pending, 0);
  });
});
