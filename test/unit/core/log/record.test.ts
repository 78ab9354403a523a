import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  CorruptRecordError,
  checksumOf,
  decodeRecord,
  encodeRecord,
  type LogRecord,
} from "../../../../core/log/record.ts";
import { anyCharacter } from "../../../support/characters.ts";

const record: LogRecord = {
  kind: "batch",
  epoch: 7,
  position: 12,
  atMs: 1_700_000_000_000,
  effects: [
    {
      shape: { kind: "insert", table: "people", columns: ["name", "age"] },
      rows: [
        ["ada", 36],
        ["bö\u0000b 🙂", null],
      ],
    },
    { expireKeys: { clientBeforeMs: 1, ownBeforeMs: 2 } },
  ],
  keys: [{ key: "c:k", hash: "h", ok: true, answer: '{"rowsAffected":1}' }],
};

describe("a record of the log", () => {
  it("comes back as it was written", () => {
    assert.deepEqual(decodeRecord(encodeRecord(record)), record);
    const marker: LogRecord = { kind: "marker", epoch: 1, after: 0, master: "w-1", atMs: 0 };
    assert.deepEqual(decodeRecord(encodeRecord(marker)), marker);
  });

  it("comes back whatever its values are", () => {
    const value = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0)),
      fc.boolean(),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.array(fc.array(value)), (rows) => {
        const given = { ...record, effects: [{ shape: { kind: "clear" } as const, rows }] };
        assert.deepEqual(decodeRecord(encodeRecord(given)), given);
      }),
    );
  });

  it("with any byte changed is not read", () => {
    const content = encodeRecord(record);
    fc.assert(
      fc.property(fc.nat({ max: content.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
        // The space between checksum and body carries nothing.
        fc.pre(at !== 9);
        const changed = Buffer.from(content);
        changed[at] = ((changed[at] ?? 0) + by) % 256;
        assert.throws(() => decodeRecord(changed), CorruptRecordError);
      }),
    );
  });

  it("cut short or empty is not read", () => {
    const content = encodeRecord(record);
    for (const length of [0, 1, 9, 10, content.length - 1])
      assert.throws(() => decodeRecord(content.subarray(0, length)), CorruptRecordError);
  });

  it("is told from another by its checksum", () => {
    assert.notEqual(
      checksumOf(encodeRecord(record)),
      checksumOf(encodeRecord({ ...record, epoch: record.epoch + 1 })),
    );
  });
});
