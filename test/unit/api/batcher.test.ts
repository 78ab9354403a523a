import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import fc from "fast-check";
import { Batcher, type BatcherLimits } from "../../../api/batching/batcher.ts";
import { Answers, encodeReads, encodeWrites, type Line } from "../../../api/batching/broker.ts";
import {
  type PendingRead,
  type PendingWrite,
  packRead,
  packWrite,
  type Reply,
} from "../../../api/batching/pending.ts";
import type { RefusalBody } from "../../../core/errors.ts";
import {
  type Answer,
  type DecodedAnswer,
  decodeReadBatch,
  decodeWriteBatch,
  encodeAnswers,
  type ReadBatch,
  type WriteBatch,
} from "../../../core/messages/queues.ts";
import { type Clock, systemClock } from "../../../platform/process/clock.ts";
import type { PublishOptions } from "../../../platform/rabbitmq/port.ts";
import { createLog } from "../../../platform/telemetry/log.ts";

const log = createLog({ program: "api", format: "json", level: "silent" });
const turn = () => new Promise((resolve) => setImmediate(resolve));

class FakeClock implements Clock {
  ms = 1_000;
  now = () => 5_000_000 + this.ms;
  wallMs = () => this.now();
  monotonicMs = () => this.ms;
  sleep = systemClock.sleep;
  after = systemClock.after;
}

class FakeLine implements Line {
  readonly #ended = new AbortController();
  readonly ended = this.#ended.signal;
  blocked = false;
  readonly sent: { content: Buffer; options: PublishOptions; refuse: (error: Error) => void }[] = [];

  publish(content: Buffer, options: PublishOptions): Promise<void> {
    return new Promise((_, refuse) => this.sent.push({ content, options, refuse }));
  }

  end() {
    this.#ended.abort(new Error("connection lost"));
  }

  reads = (): ReadBatch[] => this.sent.map(({ content }) => decodeReadBatch(content));
  writes = (): WriteBatch[] => this.sent.map(({ content }) => decodeWriteBatch(content));
}

class Waiter implements Reply {
  readonly heard: string[] = [];
  answered({ ok, body, position }: DecodedAnswer, worker: string) {
    this.heard.push(`${ok ? "ok" : "no"} ${body.toString()} at ${position} by ${worker}`);
  }
  refused({ code }: RefusalBody) {
    this.heard.push(code);
  }
}

const limits: BatcherLimits = {
  batchItemsMax: 4,
  batchBytesMax: 100,
  messageBytesMax: 1_000,
  pendingRequestsMax: 20,
  pendingBytesMax: 1_000,
  brokerAwayMs: 1_000,
  lingerMs: 4,
};

function readWorld(changed: Partial<BatcherLimits> = {}) {
  const clock = new FakeClock();
  const batcher = new Batcher<PendingRead>({
    idPrefix: "api-0-x-r",
    encode: encodeReads,
    messagesInFlight: () => 2,
    changesNothing: true,
    staleMs: 2_000,
    limits: { ...limits, ...changed },
    clock,
  });
  const line = new FakeLine();
  const answers = new Answers([batcher], log);
  const submit = (value: string | number = "v", options: Partial<PendingRead> = {}) => {
    const reply = new Waiter();
    batcher.submit({
      ...packRead({
        shape: { kind: "select", table: "t", columns: "*", where: { op: "=", column: "a", param: 0 } },
        params: [value],
      }),
      deadlineAtMs: clock.ms + 10_000,
      deadlineMs: clock.now() + 10_000,
      bytes: 10,
      reply,
      ...options,
    });
    return reply;
  };
  const answer = (batch: number, list: readonly Answer[]) =>
    answers.receive({
      content: encodeAnswers("w-1", list),
      correlationId: line.sent[batch]?.options.correlationId ?? "",
    });
  return { clock, batcher, line, answers, submit, answer };
}

const ok = (index: number, body = "[]"): Answer => ({ index, ok: true, body, position: 7 });

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

  it("keeps the requests of a message that was lost with its connection, and sends them over the next", async () => {
    const { batcher, line, submit, answers } = readWorld();
    batcher.connect(line);
    const replies = [submit("a"), submit("b")];
    await turn();
    batcher.accept("api-0-x-r-1", "w-1", [{ ...ok(0), body: Buffer.from("[]") }]);
    line.end();
    line.sent[0]?.refuse(new Error("connection lost"));
    await turn();
    const late = submit("late");
    await turn();
    const next = new FakeLine();
    batcher.connect(next);
    const [again, first] = next.reads();
    assert.deepEqual(again?.items, [{ index: 1, shape: 0, params: ["b"] }]);
    assert.equal(again?.attempt, 1);
    assert.deepEqual(first?.items, [{ index: 0, shape: 0, params: ["late"] }]);
    assert.deepEqual(
      next.sent.map(({ options }) => options.correlationId),
      ["api-0-x-r-1", "api-0-x-r-2"],
    );
    answers.receive({ content: encodeAnswers("w-2", [ok(1)]), correlationId: "api-0-x-r-1" });
    answers.receive({ content: encodeAnswers("w-2", [ok(0)]), correlationId: "api-0-x-r-2" });
    assert.deepEqual([replies[1]?.heard, late.heard], [["ok [] at 7 by w-2"], ["ok [] at 7 by w-2"]]);
  });

  it("gives a read that stays unanswered to another slave once, alone", async () => {
    const { clock, batcher, line, submit, answer } = readWorld();
    batcher.connect(line);
    const replies = [submit("a"), submit("b"), submit("c")];
    await turn();
    answer(0, [ok(1)]);
    clock.ms = 2_999;
    batcher.sweep();
    assert.equal(line.sent.length, 1);
    clock.ms = 3_000;
    batcher.sweep();
    clock.ms = 9_000;
    batcher.sweep();
    assert.deepEqual(
      line.reads().map(({ attempt, items }) => [attempt, items.map(({ index }) => index)]),
      [
        [1, [0, 1, 2]],
        [2, [0]],
        [2, [2]],
      ],
    );
    // The first message may still be refused: the second one counts.
    line.sent[0]?.refuse(new Error("too late"));
    await turn();
    answer(2, [ok(2)]);
    answer(1, [ok(0)]);
    answer(0, [ok(0), ok(2)]);
    assert.deepEqual(
      replies.map(({ heard }) => heard.length),
      [1, 1, 1],
    );
    assert.equal(batcher.pending, 0);
  });

  it("sends no batch again of which answers still come", async () => {
    const { clock, batcher, line, submit, answer } = readWorld();
    batcher.connect(line);
    for (let i = 0; i < 4; i++) submit(i);
    await turn();
    for (const index of [0, 1, 2]) {
      clock.ms += 1_900;
      answer(0, [ok(index)]);
      batcher.sweep();
    }
    assert.equal(line.sent.length, 1);
    clock.ms += 2_000;
    batcher.sweep();
    assert.deepEqual(
      line.reads().map(({ attempt, items }) => [attempt, items.map(({ index }) => index)]),
      [
        [1, [0, 1, 2, 3]],
        [2, [3]],
      ],
    );
  });

  it("sends nothing again when all is late, but what was overtaken", async () => {
    const { clock, batcher, line, submit, answer } = readWorld();
    batcher.connect(line);
    for (let i = 0; i < 16; i++) submit(i);
    await turn();
    clock.ms = 2_000;
    submit("later");
    await turn();
    mock.timers.tick(4);
    clock.ms = 3_500;
    batcher.sweep();
    assert.equal(line.sent.length, 5);
    answer(4, [ok(0)]);
    batcher.sweep();
    assert.equal(line.sent.length, 5 + 16);
  });

  it("answers every request exactly once, whatever happens", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("submit" as const) }),
      fc.record({ do: fc.constant("turn" as const) }),
      fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 3_000 }) }),
      fc.record({ do: fc.constant("answer" as const), message: fc.nat(9), index: fc.nat(4) }),
      fc.record({ do: fc.constant("refuse" as const), message: fc.nat(9) }),
      fc.record({ do: fc.constantFrom("cut" as const, "connect" as const, "repeat" as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, batcher, answers, submit } = readWorld();
        const replies: Waiter[] = [];
        const lines: FakeLine[] = [];
        const sent = () => lines.flatMap((line) => line.sent);
        for (const what of steps) {
          if (what.do === "submit") replies.push(submit());
          if (what.do === "turn") await turn();
          if (what.do === "repeat") batcher.repeat();
          if (what.do === "cut") lines.at(-1)?.end();
          if (what.do === "refuse") sent()[what.message]?.refuse(new Error("refused"));
          if (what.do === "connect") {
            lines.at(-1)?.end();
            batcher.connect(lines[lines.push(new FakeLine()) - 1] ?? new FakeLine());
          }
          if (what.do === "pass") {
            clock.ms += what.ms;
            mock.timers.tick(what.ms);
            batcher.sweep();
          }
          if (what.do === "answer")
            answers.receive({
              content: encodeAnswers("w-1", [ok(what.index)]),
              correlationId: sent()[what.message]?.options.correlationId ?? "",
            });
        }
        clock.ms += 20_000;
        batcher.sweep();
        assert.deepEqual(
          new Set(replies.map(({ heard }) => heard.length)),
          new Set(replies.length > 0 ? [1] : []),
        );
        assert.equal(batcher.pending, 0);
      }),
      { numRuns: 300 },
    );
  });
});

function writeWorld() {
  const clock = new FakeClock();
  const batcher = new Batcher<PendingWrite>({
    idPrefix: "api-0-x-w",
    encode: encodeWrites,
    messagesInFlight: () => 2,
    changesNothing: false,
    limits,
    clock,
  });
  const line = new FakeLine();
  batcher.connect(line);
  const submit = (value: string, options: Partial<PendingWrite> = {}) => {
    const reply = new Waiter();
    batcher.submit({
      ...packWrite({ shape: { kind: "insert", table: "t", columns: ["a"] }, rows: [[value]] }),
      deadlineAtMs: clock.ms + 10_000,
      deadlineMs: clock.now() + 10_000,
      bytes: 10,
      reply,
      ...options,
    });
    return reply;
  };
  return { clock, batcher, line, submit };
}

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
