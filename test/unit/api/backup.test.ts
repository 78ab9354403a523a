// A copy's way from a worker to one that joins, and as a backup through the API to a client, with a broker in memory between them.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it, type TestContext } from "node:test";
import { type Backup, backupFrom, donorsOf } from "../../../api/cluster/backup.ts";
import { marked, marks, snapshotQueue } from "../../../core/messages/snapshot.ts";
import { pathsOf, toJson } from "../../../core/state/znodes.ts";
import { systemClock } from "../../../platform/process/clock.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import { donateSnapshots, fetchSnapshot } from "../../../worker/copy/snapshot.ts";
import { systemDisk } from "../../../worker/system-disk.ts";
import { quickFolder } from "../../support/quick-folder.ts";
import { openCopy } from "../worker/copies.ts";
import { FakeQueues } from "./fake-queues.ts";
import { FakeZnodes } from "./fake-znodes.ts";

const log = createLog({ program: "api", format: "json", level: "silent" });

const donor = { name: "w-2", guid: "g" };

async function collected(backup: Backup): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of backup.chunks) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A worker that sends these messages. */
async function scripted(queues: FakeQueues, messages: readonly Buffer[]): Promise<void> {
  const queue = await queues.declareTemporary(snapshotQueue(donor.guid));
  await queues.consume(queue, { prefetch: 1 }, async ({ replyTo }) => {
    for (const message of messages) await queues.publish(replyTo, message);
  });
}

const chunk = (text: string): Buffer => Buffer.concat([Buffer.of(marks.chunk), Buffer.from(text)]);
const endOf = (text: string): Buffer =>
  marked(marks.end, { bytes: text.length, sha256: createHash("sha256").update(text).digest("hex") });
const headOf = (bytes: number): Buffer => marked(marks.head, { epoch: 3, position: 42, bytes });

const begin = (queues: FakeQueues, signal = new AbortController().signal) =>
  backupFrom(donor, queues.connection, systemClock, signal);

const folderOf = (t: TestContext): string => {
  const folder = mkdtempSync(join(quickFolder(), "backup-"));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
};

const fetch = (queues: FakeQueues, folder: string, signal = new AbortController().signal) => {
  const clock = systemClock;
  return fetchSnapshot(donor.guid, folder, { rabbit: queues.connection, clock, disk: systemDisk, signal });
};

describe("a worker that joins", () => {
  it("takes the whole copy of another into a file", async (t) => {
    const store = await openCopy(t);
    const queues = new FakeQueues();
    const worker = { rabbit: queues.connection, clock: systemClock, disk: systemDisk };
    await donateSnapshots(worker, donor.guid, () => store, log);
    const file = new DatabaseSync(await fetch(queues, folderOf(t)));
    assert.equal(file.prepare("PRAGMA integrity_check").get()?.integrity_check, "ok");
    file.close();
  });

  it("trusts nothing that is not what was sent, and gives up for the reason it is told", async (t) => {
    const queues = new FakeQueues();
    await scripted(queues, [chunk("abc"), chunk("def"), endOf("abcdeX")]);
    await assert.rejects(fetch(queues, folderOf(t)), /not the one that was sent/);
    const session = new AbortController();
    const silent = new FakeQueues();
    await scripted(silent, [Buffer.of(marks.alive), chunk("abc")]);
    const fetched = fetch(silent, folderOf(t), session.signal);
    setImmediate(() => session.abort(new Error("the session is over")));
    await assert.rejects(fetched, /the session is over/);
  });
});

describe("a backup", () => {
  it("is the whole copy of a worker, with its place in the log, and few chunks of it wait at a time", async (t: TestContext) => {
    const store = await openCopy(t);
    await store.writer.exec("CREATE TABLE big (n INTEGER PRIMARY KEY, x BLOB)");
    await store.writer.exec(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) INSERT INTO big SELECT i, randomblob(500000) FROM n",
    );
    const queues = new FakeQueues();
    const worker = { rabbit: queues.connection, clock: systemClock, disk: systemDisk };
    await donateSnapshots(worker, donor.guid, () => store, log);
    const backup = await begin(queues);
    const bytes = await collected(backup);
    await backup.close();
    assert.equal(backup.head.bytes, bytes.length);
    assert.equal(backup.head.position, store.applied.position);
    assert.ok(queues.longest <= 16 && bytes.length > 20_000_000);
    const folder = folderOf(t);
    writeFileSync(join(folder, "backup.db"), bytes);
    const file = new DatabaseSync(join(folder, "backup.db"));
    assert.equal(file.prepare("PRAGMA integrity_check").get()?.integrity_check, "ok");
    assert.equal(file.prepare("SELECT sum(n) AS s FROM big").get()?.s, 820);
    file.close();
  });

  it("never gives its last chunk when something else arrived than was sent", async () => {
    for (const messages of [
      [headOf(6), chunk("abc"), chunk("def"), endOf("abcdeX")],
      [headOf(6), chunk("abc"), endOf("abc")],
    ]) {
      const queues = new FakeQueues();
      await scripted(queues, messages);
      const backup = await begin(queues);
      const got: string[] = [];
      await assert.rejects(async () => {
        for await (const one of backup.chunks) got.push(String(one));
      }, /not the one that was sent/);
      assert.ok(got.join("").length < 6);
    }
  });

  it("is refused by a worker of an earlier version, which tells no place", async () => {
    const queues = new FakeQueues();
    await scripted(queues, [Buffer.of(marks.alive), chunk("abc"), endOf("abc")]);
    await assert.rejects(begin(queues), /earlier version/);
  });

  it("ends when its client is gone, or the broker", async () => {
    for (const end of [
      (queues: FakeQueues, _: AbortController) => queues.ending.abort(),
      (_: FakeQueues, gone: AbortController) => gone.abort(),
    ]) {
      const [queues, gone] = [new FakeQueues(), new AbortController()];
      await scripted(queues, [headOf(6), chunk("abc")]);
      const backup = await begin(queues, gone.signal);
      const rest = collected(backup);
      setImmediate(() => end(queues, gone));
      await assert.rejects(rest, /given up/);
    }
  });

  it("is asked of the slave that is furthest, and of the master last", async () => {
    const znodes = new FakeZnodes();
    const paths = pathsOf("test");
    await znodes.put(paths.workers, "");
    for (const [name, state, position] of [
      ["w-1", "master", 9],
      ["w-2", "slave", 7],
      ["w-3", "slave", 8],
      ["w-4", "joining", 8],
    ] as const)
      await znodes.put(paths.worker(name), toJson({ name, guid: name, state, position, epoch: 1 }));
    assert.deepEqual(
      (await donorsOf(znodes, paths)).map(({ name }) => name),
      ["w-3", "w-2", "w-1"],
    );
  });
});
