import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  type Applied,
  advance,
  CorruptRecordError,
  checksumOf,
  decodeRecord,
  encodeRecord,
  judge,
  judgeFrom,
  type LogRecord,
  nothingApplied,
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
    const first: LogRecord = { kind: "marker", epoch: 1, after: 0, master: "w-1", atMs: 0 };
    assert.deepEqual(decodeRecord(encodeRecord(first)), first);
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

const batch = (epoch: number, position: number, atMs = 0): LogRecord => ({
  kind: "batch",
  epoch,
  position,
  atMs,
  effects: [],
  keys: [],
});
const marker = (epoch: number, after = 0): LogRecord => ({
  kind: "marker",
  epoch,
  after,
  master: `of-${epoch}`,
  atMs: 0,
});
const at = (epoch: number, position: number): Applied => ({ ...nothingApplied, epoch, position });

describe("judge", () => {
  it("applies the next position of the current epoch", () => {
    assert.equal(judge(at(3, 7), batch(3, 8)), "apply");
  });
  it("takes what it has applied already for a duplicate", () => {
    assert.equal(judge(at(3, 7), batch(3, 7)), "duplicate");
    assert.equal(judge(at(3, 7), batch(3, 1)), "duplicate");
    assert.equal(judge(at(3, 7), marker(3)), "duplicate");
  });
  it("drops every record of an older epoch, whatever its position", () => {
    for (const position of [1, 7, 8, 9]) assert.equal(judge(at(3, 7), batch(2, position)), "stale");
    assert.equal(judge(at(3, 7), marker(2)), "stale");
  });
  it("goes over to a newer epoch only by its marker", () => {
    assert.equal(judge(at(3, 7), marker(4)), "apply");
    assert.equal(judge(at(3, 7), batch(4, 8)), "gap");
  });
  it("stops at a marker whose writer had more: this log does not hold all of the data", () => {
    assert.equal(judge(at(3, 7), marker(4, 7)), "apply");
    assert.equal(judge(at(3, 7), marker(4, 8)), "gap");
    assert.equal(judge(at(3, 7), marker(3, 8)), "duplicate");
    assert.equal(judge(nothingApplied, marker(4, 1)), "gap");
  });
  it("stops at a missing position", () => {
    assert.equal(judge(at(3, 7), batch(3, 9)), "gap");
    assert.equal(judge(nothingApplied, batch(1, 1)), "gap");
  });
});

describe("advance", () => {
  it("keeps the position at a marker and takes its epoch", () => {
    assert.deepEqual(advance(at(3, 7), marker(4), 12, "c"), {
      position: 7,
      epoch: 4,
      offset: 12,
      checksum: "c",
    });
  });
  it("takes position and epoch of a batch", () => {
    const after = advance(at(3, 7), batch(3, 8), 12, "c");
    assert.deepEqual(after, { position: 8, epoch: 3, offset: 12, checksum: "c" });
  });
});

interface Read {
  readonly history: readonly LogRecord[];
  readonly gap: boolean;
}

function readAll(log: readonly LogRecord[]): Read {
  const history: LogRecord[] = [];
  let applied = nothingApplied;
  for (const [offset, record] of log.entries()) {
    const verdict = judge(applied, record);
    if (verdict === "gap") return { history, gap: true };
    if (verdict !== "apply") continue;
    history.push(record);
    applied = advance(applied, record, offset, "");
  }
  return { history, gap: false };
}

/**
 * A log as masters write it: each appends its marker, reads the log up to it, and goes on from the position it then has;
 * records may stand twice, and those of a master that was replaced may come late, after its successor's marker.
 */
const logs = fc
  .array(
    fc.record({
      batches: fc.nat({ max: 4 }),
      late: fc.array(fc.nat({ max: 5 }), { maxLength: 4 }),
      doubled: fc.array(fc.nat({ max: 5 }), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((masters) => {
    const log: LogRecord[] = [];
    for (const [i, { batches, late, doubled }] of masters.entries()) {
      const epoch = i + 1;
      log.push(marker(epoch));
      const start = readAll(log).history.filter((record) => record.kind === "batch").length;
      for (let n = 1; n <= batches; n++) {
        log.push(batch(epoch, start + n, epoch * 100 + n));
        if (doubled.includes(n)) log.push(batch(epoch, start + n, epoch * 100 + n));
        if (late.includes(n) && epoch > 1) log.push(batch(epoch - 1, start + n, -1), marker(epoch - 1));
      }
    }
    return log;
  });

describe("reading a log of several masters", () => {
  it("leaves one gapless history in which no epoch comes back", () => {
    fc.assert(
      fc.property(logs, (log) => {
        const { history, gap } = readAll(log);
        assert.equal(gap, false);
        const epochs = history.map((record) => record.epoch);
        assert.deepEqual(
          epochs,
          [...epochs].sort((a, b) => a - b),
        );
        const positions = history.flatMap((record) => (record.kind === "batch" ? [record.position] : []));
        assert.deepEqual(
          positions,
          positions.map((_, i) => i + 1),
        );
        assert.ok(history.every((record) => record.atMs >= 0));
      }),
    );
  });

  it("gives the same history to a reader that stopped anywhere and reads on, even from earlier records again", () => {
    fc.assert(
      fc.property(logs, fc.nat(), fc.nat(), (log, stopAt, again) => {
        const whole = readAll(log).history;
        const stop = stopAt % (log.length + 1);
        const from = Math.max(0, stop - (again % 5));
        const history: LogRecord[] = [];
        let applied = nothingApplied;
        for (const record of [...log.slice(0, stop), ...log.slice(from)]) {
          if (judge(applied, record) !== "apply") continue;
          history.push(record);
          applied = advance(applied, record, 0, "");
        }
        assert.deepEqual(history, whole);
      }),
    );
  });

  it("never passes over a record that was taken away", () => {
    fc.assert(
      fc.property(logs, fc.nat(), (log, which) => {
        const { history } = readAll(log);
        const lost = history[which % history.length];
        const { history: after } = readAll(log.filter((record) => record !== lost));
        const seen = after.filter((record) => record.kind === "batch").map((record) => record.position);
        assert.deepEqual(
          seen,
          seen.map((_, i) => i + 1),
        );
      }),
    );
  });
});

describe("a marker from which the log goes on though it does not hold its writer's copy", () => {
  const goesOnFrom = (epoch: number, held: number, after: number): LogRecord => ({
    ...(marker(epoch, after) as Extract<LogRecord, { kind: "marker" }>),
    adopts: held,
  });

  it("fits only a copy that stands exactly there", () => {
    assert.equal(judge(at(3, 7), goesOnFrom(4, 3, 7)), "apply");
    for (const elsewhere of [at(3, 6), at(3, 8), at(2, 7), nothingApplied])
      assert.equal(judge(elsewhere, goesOnFrom(4, 3, 7)), "gap");
  });

  it("is the first that the copy itself takes up; what stands before it is no part of its history", () => {
    const mine = judgeFrom({ epoch: 3, position: 7 });
    for (const before of [batch(3, 8), marker(4, 7), batch(4, 8), goesOnFrom(4, 3, 6), goesOnFrom(4, 2, 7)])
      assert.equal(mine(at(3, 7), before), "stale");
    assert.equal(mine(at(3, 7), goesOnFrom(5, 3, 7)), "apply");
    assert.equal(mine(at(5, 7), batch(5, 8)), "apply");
    assert.equal(mine(at(5, 7), batch(4, 8)), "stale");
    assert.equal(mine(at(5, 7), marker(6, 9)), "gap");
  });
});
