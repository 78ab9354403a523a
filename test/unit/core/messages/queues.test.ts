import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  decodeAnswers,
  decodeReadBatch,
  decodeWriteBatch,
  encodeAnswers,
  encodeBatch,
  queueArguments,
  queueLimits,
  queues,
  refusalAnswer,
  syncArguments,
} from "../../../../core/messages/queues.ts";

describe("the queues", () => {
  it("carry the names that operators and clients know", () => {
    assert.deepEqual(
      [queues.read, queues.write, queues.sync, queues.response],
      ["readQ", "writeQ", "syncQ", "responseQ"],
    );
  });
  it("the request queues refuse what is too much instead of dropping what waits", () => {
    for (const queue of [queues.read, queues.write])
      assert.equal(queueArguments[queue]["x-overflow"], "reject-publish");
  });
  it("the log is a stream with small segments, because retention goes by whole segments", () => {
    const args = syncArguments({ maxBytes: 1_000_000_000, maxAgeSeconds: 60 });
    assert.equal(args["x-queue-type"], "stream");
    assert.equal(args["x-max-age"], "60s");
    assert.ok(args["x-stream-max-segment-size-bytes"] * 10 < 1_000_000_000);
  });
  it("the log's segments are smaller where the log is small, within bounds", () => {
    const mebibytes = (maxBytes: number) =>
      syncArguments({ maxBytes, maxAgeSeconds: 60 })["x-stream-max-segment-size-bytes"] / 1024 ** 2;
    assert.deepEqual([2 ** 26, 2 ** 30, 2 ** 31, 2 ** 40].map(mebibytes), [4, 4, 8, 16]);
  });
  it("no answer batch of the largest answers is more than a message may be", () => {
    assert.ok(queueLimits.answerBytesMax < queueLimits.messageBytesMax);
    assert.ok(queueLimits.messageBytesMax < 16 * 1024 * 1024);
  });
});

const batch = {
  v: 1,
  deadlineMs: 5,
  attempt: 1,
  shapes: [{ kind: "count", table: "t" }],
  items: [{ index: 3, shape: 0, params: ["é", 1, null, [1, "x"]], minPosition: 9 }],
} as const;

describe("a batch of requests", () => {
  it("comes back as it was sent", () => {
    assert.deepEqual(decodeReadBatch(encodeBatch(batch)), batch);
  });
  it("of another version, or something else, is refused", () => {
    for (const content of ['{"v":2,"items":[]}', '{"v":1}', "null", "[]", "7"])
      assert.throws(() => decodeWriteBatch(Buffer.from(content)), /write batch of an unknown version/);
    assert.throws(() => decodeReadBatch(Buffer.from("")));
  });
  it("is refused when an item cannot even be answered, so that it is put aside at its first coming", () => {
    for (const item of [null, 7, {}, { index: 0 }, { index: 0, shape: 1 }, { index: "0", shape: 0 }]) {
      const content = Buffer.from(JSON.stringify({ ...batch, items: [item] }));
      assert.throws(() => decodeReadBatch(content), /has no place or no shape/);
    }
  });
});

describe("a batch of answers", () => {
  it("comes back as it was sent, whatever bytes the bodies are", () => {
    const answers = fc.array(
      fc.record({
        index: fc.nat(),
        ok: fc.boolean(),
        position: fc.nat(),
        body: fc.oneof(
          fc.string({ unit: "grapheme" }),
          fc.uint8Array().map((bytes) => Buffer.from(bytes)),
        ),
      }),
    );
    fc.assert(
      fc.property(answers, (given) => {
        const { worker, answers: got } = decodeAnswers(encodeAnswers("w-1", given));
        assert.equal(worker, "w-1");
        assert.deepEqual(
          got.map((answer) => ({ ...answer, body: answer.body.toString("hex") })),
          given.map((answer) => ({ ...answer, body: Buffer.from(answer.body).toString("hex") })),
        );
      }),
    );
  });
  it("without a head is refused", () => {
    assert.throws(() => decodeAnswers(Buffer.from("no line")), /without a head/);
  });
  it("a refusal carries its code, message and field as JSON", () => {
    const refusal = { code: "unknown_column", message: "no such column", field: "where" } as const;
    const { answers } = decodeAnswers(encodeAnswers("w-1", [refusalAnswer(4, refusal, 8)]));
    assert.deepEqual(JSON.parse(answers[0]?.body.toString() ?? ""), refusal);
    assert.deepEqual([answers[0]?.index, answers[0]?.ok, answers[0]?.position], [4, false, 8]);
  });
});
