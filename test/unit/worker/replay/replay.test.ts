// A restore's way from a backup to a position or a moment: a real copy, and the log of a broker in memory.
import assert from "node:assert/strict";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it, type TestContext } from "node:test";
import { encodeRecord, type LogRecord } from "../../../../core/log/record.ts";
import { queues } from "../../../../core/messages/queues.ts";
import type { Replayed, Target } from "../../../../core/rules/backups.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { Store } from "../../../../worker/copy/store.ts";
import { replay } from "../../../../worker/replay/replay.ts";
import { systemDisk } from "../../../../worker/system-disk.ts";
import { Link } from "../../../fakes/link.ts";
import { MemoryBroker } from "../../../fakes/memory-broker.ts";
import { runningWorld } from "../../../fakes/running-world.ts";
import { VirtualProcess } from "../../../fakes/virtual-process.ts";
import { batch, entry, insertion, marker, temporaryDirectory } from "../copies.ts";

const { world, stop } = runningWorld(1);
const link = new Link(world, "test", 3);
const log = createLog({ program: "test", format: "json", level: "silent" });

const schema = {
  tables: [
    {
      name: "kept",
      primaryKey: ["n"],
      columns: [{ name: "n", type: "integer", notNull: true }],
    },
  ],
} as never;

/** The record of position N writes N, at N s; the first makes the table. */
const write = (position: number, epoch = 1): LogRecord => ({
  ...batch(position, position === 1 ? [{ schema }] : [insertion("kept", ["n"], [position])], [], epoch),
  atMs: position * 1_000,
});

const secondMarker = { ...marker(2), after: 10, atMs: 10_500 };
/** Ten records of one master, one that it wrote after it had a successor, and ten of that one. */
const history: readonly LogRecord[] = [
  marker(1),
  ...Array.from({ length: 10 }, (_, i) => write(i + 1)),
  secondMarker,
  { ...batch(11, [insertion("kept", ["n"], [-1])]), atMs: 11_000 },
  ...Array.from({ length: 10 }, (_, i) => write(i + 11, 2)),
];

describe("a replay", () => {
  after(() => stop());

  /** A backup of this position, as it lies in a folder of its own. */
  async function backupOf(
    t: TestContext,
    position: number,
    { marker: isBehindMarker = false } = {},
  ): Promise<string> {
    const made = join(await temporaryDirectory(t), "made");
    const store = await Store.open(made);
    await store.apply(
      history
        .map((record, offset) => entry(offset, record))
        .filter(({ record }) => record.kind === "marker" || record.position <= position)
        .slice(0, position + (isBehindMarker ? 2 : 1)),
    );
    await store.writer.exec(`VACUUM INTO '${join(made, "backup.db")}'`);
    await store.close();
    const directory = join(made, "replayed");
    await mkdir(directory);
    await copyFile(join(made, "backup.db"), join(directory, "data.db"));
    return directory;
  }

  async function replayed(
    directory: string,
    target: Target,
    {
      endPosition = 20,
      from = 0,
      records = history,
    }: { endPosition?: number; from?: number; records?: readonly LogRecord[] } = {},
  ): Promise<Replayed> {
    const broker = new MemoryBroker(world, queues.sync, []);
    broker.log.push(...records.map(encodeRecord));
    if (from > 0) broker.trim(records.length - from);
    const process = new VirtualProcess(world, "replay");
    const rabbit = broker.connect(process, link);
    const signal = new AbortController().signal;
    return replay(
      { rabbit, clock: process, disk: systemDisk, log, signal },
      { directory, target, endPosition },
    );
  }

  const rowsIn = (directory: string): readonly unknown[] => {
    const file = new DatabaseSync(join(directory, "data.db"), { readOnly: true });
    try {
      return file
        .prepare("SELECT n FROM kept ORDER BY n")
        .all()
        .map(({ n }) => n);
    } finally {
      file.close();
    }
  };

  const upTo = (position: number) => Array.from({ length: position - 1 }, (_, i) => i + 2);

  it("ends at exactly the position that it is given, also beyond a failover", async (t) => {
    for (const position of [5, 6, 10, 11, 20]) {
      const directory = await backupOf(t, 5);
      const result = await replayed(directory, { position });
      assert.deepEqual([result.ok, result.ok && result.position], [true, position]);
      assert.deepEqual(rowsIn(directory), upTo(position));
    }
  });

  it("holds what was written up to a moment, and nothing of later", async (t) => {
    for (const [momentMs, position] of [
      [5_000, 5],
      [7_999, 7],
      [13_000, 13],
      [99_000, 20],
    ] as const) {
      const directory = await backupOf(t, 5);
      const result = await replayed(directory, { momentMs });
      assert.deepEqual([result.ok, result.ok && result.position], [true, position]);
      assert.deepEqual(rowsIn(directory), upTo(position));
    }
  });

  it("refuses a backup that holds more than it shall", async (t) => {
    assert.deepEqual(await replayed(await backupOf(t, 5), { position: 4 }), { ok: false, kind: "later" });
    assert.deepEqual(await replayed(await backupOf(t, 5), { momentMs: 4_999 }), { ok: false, kind: "later" });
  });

  it("refuses a backup whose last record tells of a new master after the moment", async (t) => {
    const behind = await backupOf(t, 10, { marker: true });
    for (const momentMs of [9_000, 10_499])
      assert.deepEqual(await replayed(behind, { momentMs }), { ok: false, kind: "later" });
    const result = await replayed(behind, { momentMs: 10_500 });
    assert.deepEqual([result.ok, result.ok && result.position], [true, 10]);
  });

  it("says where the log begins when it does not go back to the backup", async (t) => {
    const result = await replayed(await backupOf(t, 5), { position: 9 }, { from: 8 });
    assert.ok(!result.ok && result.kind === "apart");
    assert.deepEqual(result.log, { position: 8, atMs: 8_000 });
  });

  it("takes the backup's own position without the log where that does not reach there any more", async (t) => {
    const result = await replayed(await backupOf(t, 5), { position: 5 }, { from: 15 });
    assert.deepEqual(result, { ok: true, position: 5 });
  });

  it("refuses a log that holds another record where the backup stands", async (t) => {
    const other = history.map((record) => (record.kind === "batch" ? { ...record, atMs: 1 } : record));
    for (const position of [5, 9]) {
      const result = await replayed(await backupOf(t, 5), { position }, { records: other });
      assert.ok(!result.ok && result.kind === "apart");
      assert.match(result.why, /another record/);
    }
  });

  it("refuses a log that ends before the backup's own position, for it is another one", async (t) => {
    const records = history.slice(0, 3);
    const result = await replayed(await backupOf(t, 5), { position: 5 }, { records, endPosition: 5 });
    assert.ok(!result.ok && result.kind === "apart");
  });
});
