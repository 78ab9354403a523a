import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encodeReads, encodeWrites } from "../../../api/batching/broker.ts";
import { bytesOf, packRead, packWrite } from "../../../api/batching/pending.ts";
import { decodeReadBatch, decodeWriteBatch } from "../../../core/messages/queues.ts";
import type { Value } from "../../../core/messages/statement.ts";
import { anyCharacter } from "../../support/characters.ts";

const reply = { answered: () => undefined, refused: () => undefined };
const envelope = { id: "b", deadlineMs: 2_000, sentAtMs: 1_000, attempt: 1 } as const;
const waiting = { reply, deadlineAtMs: 10, deadlineMs: 2_000 };
const value: fc.Arbitrary<Value> = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
  fc.boolean(),
  fc.constant(null),
);

describe("a packed statement", () => {
  it("arrives as it was, whatever values it has", () =>
    fc.assert(
      fc.property(fc.array(fc.array(value), { minLength: 1 }), fc.string(), (rows, key) => {
        const shape = { kind: "insert", table: "t", columns: ["a"] } as const;
        const write = { ...packWrite({ shape, rows }), ...waiting, bytes: 1, key };
        const writes = decodeWriteBatch(encodeWrites(envelope, [{ index: 4, pending: write }]));
        assert.deepEqual(writes.shapes, [shape]);
        assert.deepEqual(writes.items, [{ index: 4, shape: 0, rows, key, deadlineMs: 2_000 }]);
        const select = { kind: "select", table: "t", columns: "*" } as const;
        const params = rows[0] ?? [];
        const read = { ...packRead({ shape: select, params }), ...waiting, bytes: 1 };
        const reads = decodeReadBatch(encodeReads(envelope, [{ index: 0, pending: read }]));
        assert.deepEqual([reads.shapes, reads.items], [[select], [{ index: 0, shape: 0, params }]]);
      }),
    ));

  it("is counted with no less than its part of the message", () =>
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter, maxLength: 500 }), (text) => {
        const json = JSON.stringify(text);
        assert.ok(bytesOf(json) >= Buffer.byteLength(json));
        // Two bytes for each character as soon as one of them needs them.
        if ([...json].some((character) => character > "\u00ff")) assert.ok(bytesOf(json) >= 2 * json.length);
      }),
    ));

  it("of small rows takes less than its body", () => {
    const rows = Array.from({ length: 1_000 }, () => [1]);
    const body = `{"op":"insert","table":"t","rows":[${rows.map(() => '{"a":1}').join()}]}`;
    const packed = packWrite({ shape: { kind: "insert", table: "t", columns: ["a"] }, rows });
    assert.ok(bytesOf(packed.rows) < body.length);
  });
});
