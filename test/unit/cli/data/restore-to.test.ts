// A restore to a position or a moment: which backup it begins with, what is refused, and that nothing is changed before the copy is
// there. The replay itself is held by test/unit/worker/replay/.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { restoreTo, targetOf } from "../../../../cli/data/restore-to.ts";
import type { Service } from "../../../../cli/data/service.ts";
import { backupName, noBackups, type Replayed, type Target } from "../../../../core/rules/backups.ts";
import { sleep } from "../../../../platform/process/waiting.ts";
import { quickFolder } from "../../../support/quick-folder.ts";
import { FakeService } from "../fake-service.ts";

const program = fileURLToPath(new URL("../../../../cli/main.ts", import.meta.url));
const atMs = Date.parse("2026-01-01T00:00:00Z");
const ddl = "CREATE TABLE kept (n INTEGER PRIMARY KEY)";

describe("restore to a position or a moment", () => {
  let folder = "";
  let service: Service;
  let fake: FakeService;
  let told = "";
  const tell = async (text: string): Promise<void> => {
    told += text;
  };

  /** One row with its position, at as many seconds. */
  function backup(position: number) {
    const moment = atMs + position * 1_000;
    const name = backupName("demo", { atMs: moment, position });
    const file = new DatabaseSync(join(folder, name));
    file.exec(`${ddl}; INSERT INTO kept VALUES (${position});
      CREATE TABLE _dbaas_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
      INSERT INTO _dbaas_meta VALUES ('applied', '{"position":${position}}')`);
    file.close();
    return { name, atMs: moment, position, bytes: 8_192 };
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(quickFolder(), "restore-to-"));
    told = "";
    fake = new FakeService();
    service = await fake.start();
    fake.database.exec(ddl);
    fake.position = 40;
    const files = [backup(30), backup(20), backup(10)];
    fake.backups = { ...noBackups, directory: folder, files, lastGood: files[0] ?? null };
  });
  afterEach(() => {
    fake.close();
    rmSync(folder, { recursive: true });
  });

  /** The records add the position that they lead to. */
  const replay =
    (target: Target) => async (asked: { readonly directory: string; readonly endPosition: number }) => {
      const file = new DatabaseSync(join(asked.directory, "data.db"));
      const position = "position" in target ? target.position : asked.endPosition;
      file.exec(`INSERT OR IGNORE INTO kept VALUES (${position})`);
      file.close();
      return { ok: true, position, atMs: atMs + 1 } satisfies Replayed;
    };
  const run = (target: Target, file?: string, result?: Replayed, host?: string) =>
    restoreTo(
      { service, out: tell, warn: tell },
      target,
      file,
      { replace: false, host },
      result === undefined ? replay(target) : async () => result,
    );
  const rows = () =>
    fake.database
      .prepare("SELECT n FROM kept ORDER BY n")
      .all()
      .map(({ n }) => n);
  const left = () => readdirSync(folder).filter((name) => name.startsWith("."));

  it("begins with the newest backup before it, and leaves nothing behind", async () => {
    await run({ position: 25 });
    assert.deepEqual(rows(), [20, 25]);
    assert.match(
      told,
      /^Replayed demo_2026-01-01T00-00-20\.000Z_20\.db up to position 25, where the last write is of 2026-01-01T00:00:00\.001Z\.\n/,
    );
    assert.match(told, /Restored 2 rows in 1 tables/);
    assert.deepEqual(left(), []);
  });

  it("removes the copy of one that was killed a day ago, and none of one that may run", async () => {
    for (const [name, hours] of [
      [".restore-old", 25],
      [".restore-new", 1],
      [".other", 25],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "data.db"), "");
      const at = new Date(Date.now() - hours * 3_600_000);
      utimesSync(join(folder, name), at, at);
    }
    await run({ position: 25 });
    assert.deepEqual(left(), [".other", ".restore-new"]);
  });

  it("tries the one before when the log does not go on from a backup, or the backup holds more", async () => {
    const apart = { ok: false, kind: "apart", why: "the log holds another record", log: null } as const;
    for (const first of [apart, { ok: false, kind: "later" } as const]) {
      fake.database.exec("DELETE FROM kept");
      const failures: Replayed[] = [first];
      await restoreTo(
        { service, out: tell, warn: tell },
        { position: 25 },
        undefined,
        { replace: false },
        (asked) => {
          // What SQLite leaves beside a copy is no part of the next one.
          assert.deepEqual(readdirSync(asked.directory), ["data.db"]);
          writeFileSync(join(asked.directory, "data.db-wal"), "");
          const failure = failures.shift();
          return failure === undefined ? replay({ position: 25 })(asked) : Promise.resolve(failure);
        },
      );
      assert.deepEqual(rows(), [10, 25]);
    }
    assert.match(told, /^Replayed demo_.*_10\.db up to position 25/);
  });

  it("takes a moment as well, and a file", async () => {
    await run({ momentMs: atMs + 19_999 });
    assert.deepEqual(rows(), [10, 40]);
    fake.database.exec("DELETE FROM kept");
    await run({ position: 33 }, join(folder, fake.backups.files[1]?.name ?? ""));
    assert.deepEqual(rows(), [20, 33]);
  });

  it("refuses what is yet to come, and what no backup leads to", async () => {
    await assert.rejects(run({ position: 41 }), /the log goes up to position 40: position 41 is yet to come/);
    await assert.rejects(run({ momentMs: Date.now() + 60_000 }), /is yet to come$/);
    await assert.rejects(
      run({ position: 9 }),
      /no scheduled backup is of position 9 or earlier: the oldest, demo_.*_10\.db, is of position 10 at 2026-01-01T00:00:10\.000Z/,
    );
    await assert.rejects(
      run({ momentMs: atMs }),
      /no scheduled backup is of 2026-01-01T00:00:00\.000Z or earlier/,
    );
    fake.backups = noBackups;
    await assert.rejects(run({ position: 9 }), /there is no scheduled backup to begin with/);
    assert.deepEqual(rows(), []);
  });

  it("calls a position behind the end of the log not yet to come where the file given, or a backup of before a loss, may stand", async () => {
    fake.position = 25;
    const [later] = fake.backups.files;
    await assert.rejects(
      run({ position: 30 }, join(folder, later?.name ?? "")),
      /^CliError: the log goes up to position 25, and does not lead to position 30: if that is the position of the file itself, restore it without --to-position$/,
    );
    await assert.rejects(
      run({ position: 30 }),
      /the log goes up to position 25, and does not lead to position 30: the backup demo_.*_30\.db stands there, from before data was lost; restore that file without --to-position$/,
    );
    await assert.rejects(
      run({ position: 31 }),
      /the log goes up to position 25: position 31 is yet to come$/,
    );
    assert.deepEqual([rows(), left()], [[], []]);
  });

  it("says how far backups and log reach when the log does not lead there, and changes nothing", async () => {
    fake.database.exec("INSERT INTO kept VALUES (1)");
    const log = { position: 18, atMs: atMs + 18_000 };
    const result = { ok: false, kind: "apart", why: "the log starts at offset 7", log } as const;
    await assert.rejects(
      run({ position: 15 }, undefined, result),
      /the log does not lead from the backup to position 15 \(the log starts at offset 7\): the log goes back to position 18 of 2026-01-01T00:00:18\.000Z and up to position 40; from the backup demo_.*_20\.db on, position 20, every position can be reached; nothing was changed/,
    );
    await assert.rejects(
      run({ position: 15 }, undefined, { ok: false, kind: "later" }),
      /holds more than there was at position 15: an earlier one is needed/,
    );
    assert.deepEqual(rows(), [1]);
    assert.equal(fake.attempt, null);
    assert.deepEqual(left(), []);
  });

  it("fails where the folder cannot be written to, or a file cannot be read", async () => {
    const [first] = fake.backups.files;
    rmSync(join(folder, first?.name ?? ""));
    mkdirSync(join(folder, first?.name ?? ""));
    await assert.rejects(run({ position: 35 }), /cannot read the backup on this host/);
    writeFileSync(join(folder, "none"), "");
    fake.backups = { ...fake.backups, directory: join(folder, "none") };
    await assert.rejects(run({ position: 35 }), /folder of the backups, which cannot be written to/);
  });

  it("begins with one before those that are listed and gone, and fails where none is left", async () => {
    const [first, second, third] = fake.backups.files.map(({ name }) => join(folder, name));
    rmSync(first ?? "");
    await run({ position: 35 });
    assert.deepEqual(rows(), [20, 35]);
    assert.match(
      told,
      /^the backup demo_.*_30\.db is listed, but not in the folder \/\S+: it was removed, or another volume is there; one before it is taken\nReplayed demo_.*_20\.db/,
    );
    for (const file of [second, third]) rmSync(file ?? "");
    await assert.rejects(
      run({ position: 35 }),
      /^CliError: the backup demo_.*_30\.db is listed, but not in the folder \S+: it was removed, or another volume is there$/,
    );
    assert.deepEqual(left(), []);
  });

  it("begins with what is on this host, and says where the file is when none of this host leads there", async () => {
    const files = fake.backups.files.map((file, i) => ({ ...file, host: i < 2 ? "host-3" : "host-1" }));
    const [first, second, third] = files.map(({ name }) => join(folder, name));
    for (const file of [first, second]) rmSync(file ?? "");
    fake.backups = { ...fake.backups, files };
    const log = { position: 18, atMs: atMs + 18_000 };
    const result = { ok: false, kind: "apart", why: "the log starts at offset 7", log } as const;
    await assert.rejects(
      run({ position: 25 }, undefined, result, "host-1"),
      /from the backup demo_.*_20\.db \(on host-3\) on, position 20, every position can be reached; the backup demo_.*_20\.db is on host-3: run the same there.*; nothing was changed$/,
    );
    assert.deepEqual([rows(), left()], [[], []]);
    await run({ position: 35 }, undefined, undefined, "host-1");
    assert.deepEqual(rows(), [10, 35]);
    assert.match(told, /^Replayed demo_.*_10\.db/);
    rmSync(third ?? "");
    await assert.rejects(
      run({ position: 35 }, undefined, undefined, "host-1"),
      /^CliError: the backup demo_.*_30\.db is on host-3: run the same there, or copy the file here and name it as well$/,
    );
  });

  /** The program itself, behind an input that stays open. There is no broker: it ends at the replay. */
  function started(announcedBytes: number) {
    const env = {
      ...process.env,
      DBAAS_API: fake.url,
      DBAAS_ENDS_WITH_INPUT: "1",
      DBAAS_INPUT_BYTES: String(announcedBytes),
      RABBITMQ_URL: "",
    };
    const args = [program, "restore", "--to-position", "15", "-"];
    return spawn(process.execPath, args, { env, timeout: 120_000 });
  }

  it("reads so much of its input as was announced, though the input stays open", async () => {
    const content = readFileSync(join(folder, fake.backups.files[2]?.name ?? ""));
    const child = started(content.length);
    child.stdin.write(content);
    const [said] = await Promise.all([text(child.stderr), once(child, "close")]);
    assert.match(said, /could not replay the log: .*RABBITMQ_URL/);
    assert.deepEqual([left(), rows()], [[], []]);
  });

  it("ends when its input ends before all of it came, and leaves nothing behind", async () => {
    const child = started(1_000_000);
    const said = text(child.stderr);
    child.stdin.write("SQLite");
    for (; left().length === 0; await sleep(5))
      if (child.exitCode !== null || child.signalCode !== null) assert.fail(await said);
    child.stdin.end();
    const [code] = (await once(child, "close")) as [number | null];
    assert.equal(code, 1);
    assert.deepEqual([left(), rows()], [[], []]);
  });

  it("takes one position or one moment, in a form that cannot be misread", () => {
    assert.deepEqual(targetOf({ toPosition: "42" }), { position: 42 });
    assert.deepEqual(targetOf({ toMoment: "2026-11-27T11:00:00+01:00" }), {
      momentMs: Date.parse("2026-11-27T10:00:00Z"),
    });
    for (const wrong of [
      { toPosition: "4e2" },
      { toMoment: "2026-11-27" },
      { toMoment: "2026-11-27T10:00:00" },
      { toMoment: "2026-13-27T10:00:00Z" },
      { toMoment: "yesterday" },
      { toPosition: "1", toMoment: "2026-11-27T10:00:00Z" },
    ])
      assert.throws(() => targetOf(wrong), /is a whole number|is written as|not both/, JSON.stringify(wrong));
  });
});
