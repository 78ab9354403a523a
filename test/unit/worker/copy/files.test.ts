import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { TerminalError } from "../../../../core/errors.ts";
import {
  databaseFile,
  inspectFile,
  install,
  mustBeThere,
  receivedFile,
} from "../../../../worker/copy/files.ts";
import { Store } from "../../../../worker/copy/store.ts";
import { openSqlite } from "../../../../worker/sqlite.ts";
import { DamagedFileError } from "../../../../worker/sqlite-errors.ts";

describe("the files of a copy", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "files-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const standing = (position: number) => ({ position, epoch: 3, offset: position, checksum: "c" });

  async function fileAt(position: number, where = directory): Promise<void> {
    const store = await Store.open(where);
    const transaction = await store.begin();
    await transaction.commit({ applied: standing(position), schema: store.schema });
    await store.close();
  }

  async function formatOf(file: string, format: string): Promise<void> {
    const connection = await openSqlite(file, "write");
    await connection.run("UPDATE _dbaas_meta SET value = ?1 WHERE name = 'format'", format);
    await connection.close();
  }

  async function receive(position: number): Promise<void> {
    const donor = join(directory, "donor");
    await fileAt(position, donor);
    const store = await Store.open(donor);
    await store.readers.copyTo(receivedFile(directory));
    await store.close();
  }

  it("of a newer version are refused and left as they are", async () => {
    await fileAt(7);
    await formatOf(databaseFile(directory), "2");
    await assert.rejects(Store.open(directory), (error: Error) => {
      assert.ok(error instanceof TerminalError);
      assert.match(error.message, /written by a newer version \(format 2; this version knows 1\)/);
      return true;
    });
    assert.ok(!(await readdir(directory)).some((name) => name.includes("discarded")));
    await formatOf(databaseFile(directory), "1");
    const store = await Store.open(directory);
    assert.equal(store.applied.position, 7);
    await store.close();
  });

  it("of no version at all are damaged", async () => {
    await fileAt(7);
    await formatOf(databaseFile(directory), "x");
    await assert.rejects(Store.open(directory), DamagedFileError);
  });

  it("that were received say what they hold before they are used", async () => {
    await receive(12);
    assert.deepEqual(await inspectFile(receivedFile(directory)), standing(12));
    await formatOf(receivedFile(directory), "9");
    await assert.rejects(inspectFile(receivedFile(directory)), TerminalError);
    await writeFile(receivedFile(directory), "not a database, but long enough to look like one".repeat(100));
    await assert.rejects(inspectFile(receivedFile(directory)), DamagedFileError);
  });

  it("give way to a received one, and the old one is kept aside whole", async () => {
    await fileAt(7);
    await receive(12);
    await install(directory, receivedFile(directory));
    const store = await Store.open(directory);
    assert.equal(store.applied.position, 12);
    await store.close();
    assert.deepEqual(await inspectFile(`${databaseFile(directory)}.discarded`), standing(7));
  });

  it("keep what SQLite had still beside the old one", async () => {
    await fileAt(7);
    const killed = await openSqlite(databaseFile(directory), "write");
    await killed.exec("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0");
    await killed.run(
      "UPDATE _dbaas_meta SET value = json_set(value, '$.position', 8) WHERE name = 'applied'",
    );
    await receive(12);
    await install(directory, receivedFile(directory));
    await killed.close().catch(() => undefined);
    assert.equal((await inspectFile(`${databaseFile(directory)}.discarded`)).position, 8);
    assert.equal((await inspectFile(databaseFile(directory))).position, 12);
  });

  it("that cannot be looked at are not said to be gone", async () => {
    await assert.rejects(mustBeThere(databaseFile(directory)), DamagedFileError);
    const file = join(directory, "plain");
    await writeFile(file, "");
    // As for a file whose folder cannot be entered: not ENOENT, whoever runs this.
    await assert.rejects(mustBeThere(join(file, "data.db")), (error: Error) => {
      assert.ok(!(error instanceof DamagedFileError));
      assert.match(error.message, /could not look/);
      return true;
    });
  });
});
