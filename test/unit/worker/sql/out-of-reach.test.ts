// The SQL that clients may not write, or not there: each is refused, and says why.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Refusal } from "../../../../core/errors.ts";
import { shop } from "../schemas.ts";
import { refused, sqlOnACopy } from "./sql-on-a-copy.ts";

const { store, run, row, write } = sqlOnACopy();

/** Those that are said to change the schema: `test/unit/worker/write/definitions.test.ts`. */
const byItsMark = /changed by CREATE, ALTER or DROP/;

describe("what a statement may not do", () => {
  const outOfReach: readonly (readonly [string, RegExp])[] = [
    ["SELECT * FROM _dbaas_keys", /no table _dbaas_keys/],
    ["SELECT (SELECT count(*) FROM main._DBAAS_META)", /no table _DBAAS_META/],
    ["SELECT * FROM (WITH x AS (SELECT * FROM _dbaas_floors) SELECT * FROM x)", /no table _dbaas_floors/],
    ["DELETE FROM _dbaas_keys", /no table _dbaas_keys/],
    ["INSERT INTO people (name) SELECT value FROM _dbaas_meta", /no table _dbaas_meta/],
    ["UPDATE sqlite_sequence SET seq = 0", /sqlite_sequence is not to be changed/],
    ["ATTACH ':memory:' AS other", /other database files/],
    ["DETACH main", /other database files/],
    ["PRAGMA journal_mode = DELETE", /PRAGMA journal_mode/],
    ["PRAGMA writable_schema = ON", /PRAGMA writable_schema/],
    ["PRAGMA foreign_keys = OFF", /PRAGMA foreign_keys/],
    ["PRAGMA table_info(_dbaas_keys)", /no table _dbaas_keys/],
    ["PRAGMA foreign_key_check(_dbaas_keys)", /no table _dbaas_keys/],
    ["SELECT * FROM pragma_table_info('_dbaas_keys')", /no table _dbaas_keys/],
    ["SELECT dbaas_triggers(0)", /dbaas_triggers/],
    ["SELECT * FROM pragma_database_list", /pragma_database_list is not to be had/],
    ["SELECT * FROM dbstat", /dbstat is not to be had/],
    ["BEGIN", /transactions/],
    ["COMMIT", /transactions/],
    ["ROLLBACK", /transactions/],
    ["SAVEPOINT request", /transactions/],
    ["RELEASE request", /transactions/],
    ["CREATE TABLE mine (id)", byItsMark],
    ["CREATE TABLE mine AS SELECT 1", byItsMark],
    ["CREATE VIRTUAL TABLE mine USING fts5(x)", byItsMark],
    ["CREATE INDEX mine ON people (age)", byItsMark],
    ["CREATE TRIGGER mine AFTER INSERT ON people BEGIN DELETE FROM people; END", byItsMark],
    ["CREATE VIEW mine AS SELECT 1", byItsMark],
    ["ALTER TABLE people RENAME TO persons", byItsMark],
    ["DROP TABLE people", byItsMark],
    ["REINDEX", byItsMark],
    ["ANALYZE", byItsMark],
    ["SELECT load_extension('x')", /load_extension/],
    ["SELECT changes()", /changes/],
    ["SELECT last_insert_rowid()", /last_insert_rowid/],
    ["SELECT sqlite_version()", /sqlite_version/],
    ["SELECT dbaas_run('SELECT 1', '', 1, 0, NULL, 9, 9, NULL)", /dbaas_run/],
  ];
  for (const [sql, message] of outOfReach)
    it(`${sql}`, async () => {
      await refused(write(sql), "bad_request", "SQLITE_AUTH", message);
      await refused(run(sql), "bad_request", "SQLITE_AUTH", message);
    });

  it("change the schema's own table", async () => {
    await assert.rejects(write("DELETE FROM sqlite_schema"), Refusal);
    await assert.rejects(write("UPDATE sqlite_schema SET sql = ''"), Refusal);
  });

  it("writes, where it may only read", async () => {
    for (const sql of ["INSERT INTO people (name) VALUES ('x')", "DELETE FROM people RETURNING *", "VACUUM"])
      await refused(run(sql), "bad_request", "SQLITE_AUTH", /belongs to db\/write/);
    await assert.rejects(run("VACUUM INTO '/tmp/stolen.db'"), Refusal);
  });

  it("in a write that changes anything: read what is not the same on every copy", async () => {
    const refusedThere = (sql: string) => refused(write(sql), "bad_request", "SQLITE_AUTH", /for reads only/);
    await refusedThere("INSERT INTO people (name) SELECT name FROM sqlite_schema");
    await refusedThere("INSERT INTO people (name) SELECT name FROM pragma_table_info('people')");
    await refusedThere("UPDATE people SET age = pow(2, 0.5)");
    await refused(write("EXPLAIN DELETE FROM people"), "bad_request", "SQLITE_ERROR", /for reads only/);
    assert.deepEqual(await row("SELECT pow(2, 3)"), [8]);
    assert.deepEqual(await row("SELECT count(*) > 0 FROM sqlite_schema"), [1]);
    assert.ok((await run("EXPLAIN QUERY PLAN SELECT * FROM people")).rows.length > 0);
  });

  it("but one that only reads may do it in a write as well", async () => {
    for (const sql of [
      "SELECT pow(2, 3), (SELECT count(*) > 0 FROM sqlite_schema)",
      "PRAGMA table_info(people)",
    ]) {
      const { rows, readonly } = await write(sql);
      assert.deepEqual([rows, readonly], [(await run(sql)).rows, true]);
    }
  });

  it("but tools may ask what tables there are, and keep a number in the file", async () => {
    const columns = await run("PRAGMA table_info(people)");
    assert.deepEqual(
      columns.rows.map((one: unknown[]) => one[1]),
      shop.tables[0]?.columns.map(({ name }) => name),
    );
    assert.deepEqual(await row("SELECT count(*) > 0 FROM pragma_table_list WHERE name = 'people'"), [1]);
    for (const pragma of [
      "table_xinfo(people)",
      "table_list",
      "index_list(people)",
      "foreign_key_list(people)",
      "foreign_key_check(people)",
      "foreign_key_check",
    ])
      await run(`PRAGMA ${pragma}`);
    assert.deepEqual(await row("PRAGMA foreign_keys"), [1]);
    await refused(run("PRAGMA user_version = 3"), "bad_request", "SQLITE_AUTH", /belongs to db\/write/);
    await write("PRAGMA user_version = 3");
    assert.deepEqual(await row("PRAGMA user_version"), [3]);
  });

  it("be none, or more than one", async () => {
    await refused(run("SELECT 1; SELECT 2"), "bad_request", "SQLITE_ERROR", /more than one/);
    await refused(run("SELECT 1; DROP TABLE people"), "bad_request", "SQLITE_ERROR", /more than one/);
    await refused(run("SELECT 1; nonsense"), "bad_request", "SQLITE_ERROR", /more than one/);
    await refused(run("  -- nothing"), "bad_request", "SQLITE_ERROR", /no statement/);
    await refused(run("SELECT 1\0; DELETE FROM people"), "bad_request", "SQLITE_ERROR", /U\+0000/);
    assert.deepEqual(await row("SELECT 1; /* that is all */ ; -- really"), [1]);
  });

  it("answer or hold more than it may", async () => {
    const many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) SELECT i FROM n";
    await refused(run(many), "too_large", "SQLITE_TOOBIG", /more than 1000 rows/);
    await refused(run("SELECT hex(zeroblob(60000))"), "too_large", "SQLITE_TOOBIG", /more than 100000 bytes/);
    for (const sql of ["SELECT zeroblob(1000000000)", "SELECT length(randomblob(1000000000))"])
      await refused(run(sql), "too_large", "SQLITE_TOOBIG", /too big/);
    const wide = `SELECT length(${Array.from({ length: 900 }, (_, i) => `hex(zeroblob(${500_000 - i}))`).join(" || ")})`;
    await assert.rejects(
      run(wide),
      (error: unknown) => error instanceof Refusal && error.code === "too_large",
    );
  });

  it("keep what limits it has from the worker's own statements", async () => {
    await run("SELECT 1");
    const [own] = await store().writer.all("SELECT length(zeroblob(20000000)) AS bytes");
    assert.equal(own?.bytes, 20_000_000);
  });
});
