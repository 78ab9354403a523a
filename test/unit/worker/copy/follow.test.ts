import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { advance, judge, type LogRecord, nothingApplied } from "../../../../core/log/record.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { follow } from "../../../../worker/copy/follow.ts";
import { GapError } from "../../../../worker/copy/log-reader.ts";
import type { Feed, Ledger, LogEntry } from "../../../../worker/ports.ts";

const log = createLog({ program: "w-1", format: "json", level: "silent" });

const batch = (epoch: number, position: number): LogRecord => ({
  kind: "batch",
  epoch,
  position,
  atMs: 0,
  effects: [],
  keys: [],
});
const marker = (epoch: number, after = 0): LogRecord => ({
  kind: "marker",
  epoch,
  after,
  master: "w-9",
  atMs: 0,
});

/** Follows a log of these records; `missing` are the offsets before which something could not be read. */
async function followed(records: readonly LogRecord[], missing: readonly number[] = []) {
  let applied = nothingApplied;
  let unbroken = true;
  const entries = records.map((record, offset): LogEntry => {
    if (missing.includes(offset)) unbroken = false;
    return { record, offset, checksum: String(offset), unbroken };
  });
  const ledger = {
    get applied() {
      return applied;
    },
    apply: async (some: readonly LogEntry[]) => {
      for (const { record, offset, checksum } of some) applied = advance(applied, record, offset, checksum);
    },
  } as Ledger;
  let given = false;
  const reader = {
    next: async () => {
      given = true;
      return entries;
    },
  } as unknown as Feed;
  const gap = await follow({ ledger, reader, judge, log }, new AbortController().signal, () => given).then(
    () => false,
    (error: unknown) => {
      assert.ok(error instanceof GapError);
      return true;
    },
  );
  return { position: applied.position, gap };
}

describe("following the log", () => {
  it("applies what follows, and drops what is late or doubled", async () => {
    const records = [marker(1), batch(1, 1), batch(1, 1), marker(2, 1), batch(1, 2), batch(2, 2)];
    assert.deepEqual(await followed(records), { position: 2, gap: false });
  });

  it("passes over a record that no master can have written", async () => {
    const records = [marker(1), batch(1, 1), batch(1, 500), batch(7, 2), batch(1, 2)];
    assert.deepEqual(await followed(records), { position: 2, gap: false });
  });

  it("stops when a record before the one that does not fit may be missing, and keeps what it has", async () => {
    const records = [marker(1), batch(1, 1), batch(1, 3), batch(1, 4)];
    assert.deepEqual(await followed(records, [2]), { position: 1, gap: true });
    assert.deepEqual(await followed(records, [1]), { position: 1, gap: true });
  });

  it("stops when so many records fit nowhere that it must be the copy that is wrong", async () => {
    const genuine = Array.from({ length: 40 }, (_, i) => batch(1, i + 3));
    assert.deepEqual(await followed([marker(1), batch(1, 1), ...genuine]), { position: 1, gap: true });
  });

  it("stops at a marker that tells of data it does not have, however whole the log is", async () => {
    assert.deepEqual(await followed([marker(4, 3_000), batch(4, 3_001)]), { position: 0, gap: true });
  });
});
