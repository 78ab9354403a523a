// Backups by the manifest on the real cluster: the volume and its rights, the image's own SQLite, the log's real stream; and a restore to
// a position, by the script, of data that a client's mistake has destroyed. The rules themselves are held by unit tests.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { dbaas, docker, lines } from "../../tools/cluster/command.ts";
import { equalCopies, everyWorkerHas } from "../../tools/cluster/copies.ts";
import { call } from "../../tools/cluster/http.ts";
import { applyManifest, baselineManifest, withFields } from "../../tools/cluster/manifest.ts";
import { seenStatus } from "../../tools/cluster/registry.ts";
import { cluster, containers } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { answered, clear, crash, insertUsers, positionOf, written } from "../support/database.ts";

useCluster();

interface Told {
  readonly files: readonly { readonly name: string; readonly position: number; readonly atMs: number }[];
  /** Of the last try; null when it was good. */
  readonly failure: unknown;
}

const backups = async (): Promise<Told> => (await call("GET", "/api/v1/db/backups")).body as Told;

const inVolume = async (): Promise<readonly string[]> =>
  lines(await docker("exec", "--user", "node", containers.orchestrator, "ls", "-A", "/backups")).toSorted();

const condition = async () => (await seenStatus())?.conditions.find(({ type }) => type === "BackupRecent");

const apartMs = 50;

const usersOf = "SELECT username FROM users ORDER BY username";

/** Until there are as many as are kept. None comes after it. */
async function someBackups(): Promise<void> {
  await applyManifest(withFields(await baselineManifest(), { every: "10s", keep: "2" }));
  await until("three were taken, and two are kept", 60_000, async () => {
    const told = await backups();
    return told.files.length === 2 && (told.files[1]?.position ?? 0) > 0 ? found(told) : notYet(told);
  });
  const recent = await until("the status says that the last one is recent", 10_000, async () => {
    const told = await condition();
    return told?.status === "True" ? found(told) : notYet(told);
  });
  assert.match(recent.message, new RegExp(`the last good one is ${cluster}_`));
  assert.match(await dbaas("get", "backups"), new RegExp(`^${cluster}_\\S+\\.db .* the last good one`, "m"));
  await applyManifest(withFields(await baselineManifest(), { every: "1h", keep: "2" }));
  // One that was begun while a worker was away is taken again within seconds.
  await until(
    "the last one was good, and the folder holds those that are told, and nothing else",
    60_000,
    async () => {
      const { files, failure } = await backups();
      const names = files.map(({ name }) => name).toSorted();
      const there = await inVolume();
      return failure === null && isDeepStrictEqual(there, names)
        ? found(true)
        : notYet({ failure, names, there });
    },
  );
}

async function takenByHand(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "dbaas-backup-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "by-hand.db");
  await dbaas("backup", file);
  return file;
}

const notes = async (): Promise<unknown> =>
  (await answered({ sql: "SELECT what FROM noted", consistency: "strong" })).body;

test("backups are taken as the manifest says, the oldest go, and a position and a moment between them are restored", async (t) => {
  t.after(async () => applyManifest(await baselineManifest()));
  await clear();
  await written({ sql: "CREATE TABLE noted (what TEXT)" });
  t.after(() => written({ sql: "DROP TABLE noted" }));
  await insertUsers("first");
  await someBackups();
  const file = await takenByHand(t);
  // What comes now is in the log behind the last backup.
  await written({ sql: "INSERT INTO noted VALUES (datetime('now')), (random())" });
  const noted = await notes();
  await insertUsers("second");
  await crash("master");
  await settled();
  const wanted = positionOf(await insertUsers("third"));
  // The clocks of two processes may be some ms apart.
  await sleep(apartMs);
  const momentMs = Date.now();
  await sleep(apartMs);
  // The mistake.
  await written({ sql: "DELETE FROM users WHERE username <> 'third'" });
  await written({ sql: "DROP TABLE noted" });

  await assert.rejects(dbaas("restore", "--to-position", "999999999"), /is yet to come/);
  await assert.rejects(dbaas("restore", "--to-position", String(wanted)), /nothing was changed; --replace/);
  for (const target of [
    ["--to-position", String(wanted)],
    ["--to-moment", new Date(momentMs).toISOString()],
    ["--to-position", String(wanted), file],
  ]) {
    const printed = await dbaas("restore", ...target, "--replace");
    assert.match(
      printed,
      new RegExp(`^Replayed (?:${cluster}_\\S+|the file) up to position ${wanted}\\b`, "m"),
    );
    await settled();
    await equalCopies();
    await everyWorkerHas(usersOf, [{ username: "first" }, { username: "second" }, { username: "third" }]);
    assert.deepEqual(await notes(), noted);
  }
  assert.deepEqual(
    (await inVolume()).filter((name) => name.startsWith(".")),
    [],
  );
});
