import assert from "node:assert/strict";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, it } from "node:test";
import { abandon, restore } from "../../../../cli/data/restore.ts";
import type { Service } from "../../../../cli/data/service.ts";
import { SqliteFile } from "../../../../cli/data/sqlite-file.ts";
import { quickFolder } from "../../../support/quick-folder.ts";
import { FakeService } from "../fake-service.ts";

const ddl = `
  CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, boss INTEGER REFERENCES people(id)) STRICT;
  CREATE TABLE a_first (id TEXT NOT NULL PRIMARY KEY, person INTEGER REFERENCES people(id)) STRICT, WITHOUT ROWID;
  CREATE TABLE left_side (id INTEGER PRIMARY KEY, other INTEGER REFERENCES right_side(id));
  CREATE TABLE right_side (id INTEGER PRIMARY KEY, other INTEGER NOT NULL REFERENCES left_side(id));
  CREATE TABLE odd ("a ""b" BLOB, n INTEGER, r REAL, t TEXT, g TEXT GENERATED ALWAYS AS (t || '!') STORED);
  CREATE TABLE emptied (id INTEGER PRIMARY KEY AUTOINCREMENT, word TEXT NOT NULL) STRICT;`;

const content = `
  INSERT INTO people (id, name, boss) VALUES (1, 'ann', 2), (2, 'bob', 1), (3, 'cy', NULL), (9, 'gone', NULL);
  DELETE FROM people WHERE id = 9;
  INSERT INTO a_first VALUES ('x', 2);
  INSERT INTO left_side VALUES (1, NULL); INSERT INTO right_side VALUES (5, 1); UPDATE left_side SET other = 5;
  INSERT INTO odd (rowid, "a ""b", n, r, t) VALUES (7, x'00ff', 9007199254740993, 1.0, 'a;''b'), (40, NULL, -1, 9e999, '');
  INSERT INTO emptied (word) VALUES ('x'), ('y'); DELETE FROM emptied;`;

const meta = `CREATE TABLE _dbaas_meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
  INSERT INTO _dbaas_meta VALUES ('format', '1'), ('applied', '{"position":42,"epoch":3}'),
    ('schema', '{"tables":[{"name":"people"},{"name":"more"}]}');
  CREATE TABLE _dbaas_keys (key TEXT); INSERT INTO _dbaas_keys VALUES ('secret');`;

const everything = (database: DatabaseSync): unknown =>
  ["people", "a_first", "left_side", "right_side", "odd", "sqlite_sequence"].map((table) => {
    const statement = database.prepare(
      `SELECT ${table === "odd" ? "rowid AS row, *" : "*"} FROM ${table} ORDER BY ${table === "sqlite_sequence" ? "name" : "1"}`,
    );
    statement.setReadBigInts(true);
    return statement.all().map((row) => ({ ...row }));
  });

describe("restore", () => {
  let folder = "";
  let path = "";
  let service: Service;
  let fake: FakeService;
  let told = "";
  const tell = async (text: string): Promise<void> => {
    told += text;
  };
  const ports = () => ({ service, out: tell, warn: tell });

  beforeEach(async () => {
    folder = mkdtempSync(join(quickFolder(), "restore-"));
    path = join(folder, "backup.db");
    told = "";
    fake = new FakeService();
    service = await fake.start();
    fake.database.exec(ddl);
  });
  afterEach(() => {
    fake.close();
    rmSync(folder, { recursive: true });
  });

  function made(...scripts: readonly string[]): void {
    const database = new DatabaseSync(path);
    for (const script of scripts) database.exec(script);
    database.close();
  }

  it("gives every row back with its value, its hidden number and its table's counter, whatever refers to what", async () => {
    made(ddl, content, meta);
    await restore(ports(), path, { replace: false });
    const original = new DatabaseSync(path);
    assert.deepEqual(everything(fake.database), everything(original));
    original.close();
    assert.equal(fake.attempt, null);
    assert.equal(told, "Restored 8 rows in 6 tables, as they were at position 42.\n");
    assert.equal(SqliteFile.open(path).tables().length, 6);
  });

  it("sends many rows in parts", async () => {
    made(
      ddl,
      meta,
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
       INSERT INTO people (id, name, boss) SELECT i, 'p' || i, CASE WHEN i < 3000 THEN i + 1 END FROM n`,
    );
    await restore(ports(), path, { replace: false });
    const found = fake.database.prepare("SELECT count(*) AS n, sum(boss) AS s FROM people").get();
    assert.deepEqual({ ...found }, { n: 3000, s: (3000 * 3001) / 2 - 1 });
    assert.ok(fake.writes >= 36);
  });

  it("makes what SQL had made: tables and indexes before the rows, views and triggers behind them", async () => {
    const bySql = `
      CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT);
      CREATE TABLE codes (code TEXT); CREATE UNIQUE INDEX code ON codes (code);
      CREATE TABLE uses (code TEXT REFERENCES codes (code));
      CREATE INDEX by_name ON people (name);
      CREATE VIEW names AS SELECT name FROM people;
      CREATE VIEW second AS SELECT * FROM names;
      CREATE TRIGGER noted AFTER INSERT ON people BEGIN INSERT INTO audit (what) VALUES (new.name); END;
      CREATE TRIGGER renamed INSTEAD OF INSERT ON names BEGIN INSERT INTO people (name) VALUES (new.name); END;`;
    made(ddl, meta, bySql, content, "INSERT INTO codes VALUES ('a'); INSERT INTO uses VALUES ('a')");
    fake.database.exec(`CREATE VIEW names AS SELECT 1; CREATE TABLE others (x);
      CREATE TRIGGER noted AFTER INSERT ON people BEGIN INSERT INTO others VALUES (1); END;`);
    await restore(ports(), path, { replace: false });
    const definitions =
      "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE '%dbaas%' AND name <> 'others' ORDER BY type, name";
    const original = new DatabaseSync(path);
    assert.deepEqual(fake.database.prepare(definitions).all(), original.prepare(definitions).all());
    for (const table of ["audit", "codes", "uses", "people"])
      assert.deepEqual(
        fake.database.prepare(`SELECT * FROM ${table} ORDER BY 1`).all(),
        original.prepare(`SELECT * FROM ${table} ORDER BY 1`).all(),
      );
    original.close();
    assert.equal(await service.isEmpty("others"), true);
  });

  it("changes nothing where there is data, and says where; with --replace that goes", async () => {
    made(ddl, content, meta);
    fake.database.exec("INSERT INTO people (name) VALUES ('mine')");
    await assert.rejects(
      restore(ports(), path, { replace: false }),
      /has data in people: nothing was changed; --replace/,
    );
    assert.equal(fake.writes, 0);
    assert.equal(fake.attempt, null);
    await restore(ports(), path, { replace: true });
    assert.equal(fake.database.prepare("SELECT count(*) AS n FROM people").get()?.n, 3);
  });

  it("that is broken off stays under way, keeps others out, and is done again from its beginning", async () => {
    made(ddl, content, meta);
    fake.writesLeft = 3;
    await assert.rejects(
      restore(ports(), path, { replace: false }),
      /the restore is not finished, and the service serves nobody/,
    );
    assert.notEqual(fake.attempt, null);
    await assert.rejects(service.count("people"), /a backup is being restored/);
    fake.writesLeft = Number.POSITIVE_INFINITY;
    await restore(ports(), path, { replace: false });
    const original = new DatabaseSync(path);
    assert.deepEqual(everything(fake.database), everything(original));
    original.close();
  });

  it("does not count what the cluster has as the file has it among what is in the way", async () => {
    const same =
      "CREATE VIEW shown AS SELECT 1; CREATE INDEX by_name ON people (name); CREATE TABLE own (x);";
    made(ddl, same, content, meta);
    fake.database.exec(same);
    await restore(ports(), path, { replace: false });
    assert.equal(await service.count("people"), 3);
  });

  it("fails when a table goes before its rows come", async () => {
    made(ddl, meta, "CREATE TABLE late (x); INSERT INTO late VALUES (1)");
    fake.database.exec("CREATE TABLE late (x)");
    const begin = service.within.bind(service);
    service.within = (attempt) => {
      const mine = begin(attempt);
      const definitions = mine.definitions.bind(mine);
      mine.definitions = async () => {
        const found = await definitions();
        fake.database.exec("DROP TABLE late");
        return found;
      };
      return mine;
    };
    await assert.rejects(restore(ports(), path, { replace: false }), /no table late; the restore is not/);
  });

  it("that is broken off can be ended", async () => {
    made(ddl, content, meta);
    await assert.rejects(abandon(ports()), /no restore is under way/);
    fake.writesLeft = 3;
    await assert.rejects(restore(ports(), path, { replace: false }));
    await abandon(ports());
    assert.equal(fake.attempt, null);
    assert.equal(await service.isEmpty("people"), true);
  });

  for (const [what, make, says] of [
    ["no database", () => writeFileSync(path, "hello ".repeat(1_000)), /no database of SQLite/],
    ["no backup of this product", () => made(ddl, content), /no backup of this service/],
    [
      "of a later format",
      () => made(ddl, content, meta, "UPDATE _dbaas_meta SET value = '2' WHERE name = 'format'"),
      /is of format 2/,
    ],
    [
      "cut off",
      () => {
        made(ddl, content, meta);
        truncateSync(path, 4096 * 3);
      },
      /damaged|no database of SQLite|malformed/,
    ],
    [
      "of a table that the cluster has not",
      () => made(ddl, content, meta, "CREATE TABLE more (x); INSERT INTO more VALUES (1)"),
      /no table more/,
    ],
    [
      "of an empty table that is gone from the manifest, with an index of SQL on it",
      () => made(ddl, content, meta, "CREATE TABLE more (x); CREATE INDEX by_x ON more (x)"),
      /no table more/,
    ],
    [
      "of an empty table that is gone from the manifest, with a trigger on it",
      () =>
        made(ddl, meta, "CREATE TABLE more (x); CREATE TRIGGER t AFTER INSERT ON more BEGIN SELECT 1; END"),
      /no table more/,
    ],
    [
      "of an empty table that is gone from the manifest, with rows that could refer to it",
      () =>
        made(
          ddl,
          meta,
          "CREATE TABLE more (x UNIQUE); CREATE TABLE s (x REFERENCES more (x))",
          "INSERT INTO s VALUES (NULL)",
        ),
      /no table more/,
    ],
    [
      "of a table whose name is a view's in the cluster",
      () => made(ddl, meta, "CREATE TABLE Shown (x); INSERT INTO Shown VALUES (1)"),
      /has view shown, which is a table in the backup: nothing was changed/,
    ],
    [
      "of a table whose name is an index's in the cluster",
      () => made(ddl, meta, "CREATE TABLE by_name (x); INSERT INTO by_name VALUES (1)"),
      /has index by_name, which is a table in the backup/,
    ],
    [
      "of a view whose name is a table's in the cluster",
      () => made(ddl, meta, "CREATE VIEW own AS SELECT 1"),
      /has table own, which is a view in the backup/,
    ],
    [
      "of an index whose name is of one on other columns",
      () => made(ddl, meta, "CREATE INDEX by_name ON people (boss)"),
      /has another index by_name than the backup/,
    ],
    [
      "of an index whose name is of one on another table",
      () => made(ddl, meta, "CREATE INDEX by_name ON emptied (word)"),
      /has another index by_name than the backup/,
    ],
    [
      "of a column that the cluster has not",
      () => made(ddl, content, meta, "ALTER TABLE people ADD COLUMN age INTEGER"),
      /no column people.age/,
    ],
  ] as const)
    it(`refuses a file that is ${what}, before anything is changed`, async () => {
      make();
      fake.database.exec(`CREATE VIEW shown AS SELECT 1; CREATE INDEX by_name ON people (name);
        CREATE TABLE own (x)`);
      fake.database.exec("INSERT INTO people (name) VALUES ('mine')");
      await assert.rejects(restore(ports(), path, { replace: true }), says);
      assert.deepEqual([fake.writes, fake.attempt], [0, null]);
      assert.equal(await service.count("people"), 1);
    });
});
