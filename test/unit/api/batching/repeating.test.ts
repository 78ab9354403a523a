import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import fc from "fast-check";
import { encodeAnswers } from "../../../../core/messages/queues.ts";
import { FakeLine, ok, readWorld, turn, type Waiter } from "./batchers.ts";

describe("a batcher of reads", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

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
