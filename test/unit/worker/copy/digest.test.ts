import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { digest, digestedBySql, digestOfDefinitions, pageLimits } from "../../../../worker/copy/digest.ts";
import type { Connection, Row } from "../../../../worker/disk.ts";
import { openSqlite } from "../../../../worker/sqlite.ts";
import { temporaryDirectory } from "../copies.ts";

const table = { name: "things", columns: [{ name: "id" }, { name: "text" }], primaryKey: ["id"] };

async function holding(t: TestContext, lengths: readonly number[]): Promise<Connection> {
  const connection = await openSqlite(join(await temporaryDirectory(t), "data.db"), "write");
  t.after(() => connection.close());
  await connection.exec("CREATE TABLE things (id INTEGER PRIMARY KEY, text TEXT) STRICT");
  await connection.exec("BEGIN");
  for (const [id, length] of lengths.entries())
    await connection.run("INSERT INTO things VALUES (?1, ?2)", id, length < 0 ? null : "x".repeat(length));
  await connection.exec("COMMIT");
  return connection;
}

const expected = (lengths: readonly number[]) => {
  const hash = createHash("sha256");
  for (const [id, length] of lengths.entries())
    hash.update(`${JSON.stringify({ id, text: length < 0 ? null : "x".repeat(length) })}\n`);
  return { rows: lengths.length, sha256: hash.digest("hex") };
};

describe("the digest of a table", () => {
  it("is that of its rows in the order of their key", async (t) => {
    for (const lengths of [[], [0], [-1, 3, 0, 2]])
      assert.deepEqual(await digest(await holding(t, lengths), table), expected(lengths));
  });

  it("is read in pages that are bounded in bytes, whatever the rows are", async (t) => {
    const mebibyte = 1024 * 1024;
    const lengths = [
      ...Array.from({ length: 100 }, () => 10),
      ...Array.from({ length: 9 }, () => mebibyte),
      pageLimits.charactersMax + 1,
      1,
    ];
    const connection = await holding(t, lengths);
    const pages: number[] = [];
    const all = async (sql: string, ...params: number[]): Promise<readonly Row[]> => {
      const rows = await connection.all(sql, ...params);
      pages.push(rows.reduce((sum, { text }) => sum + String(text ?? "").length, 0));
      return rows;
    };
    assert.deepEqual(await digest({ all }, table), expected(lengths));
    const large = pages.filter((characters) => characters > pageLimits.charactersMax);
    assert.deepEqual(large, [pageLimits.charactersMax + 1], "only a row that is larger alone");
  });
});

describe("the digest of what SQL has made", () => {
  const made = async (t: TestContext, ...statements: readonly string[]) => {
    const connection = await openSqlite(join(await temporaryDirectory(t), "data.db"), "write");
    t.after(() => connection.close());
    await connection.exec("CREATE TABLE things (id INTEGER PRIMARY KEY, text TEXT UNIQUE)");
    for (const statement of statements) await connection.exec(statement);
    return connection;
  };

  it("is in the order of a table's rows where it has no key", async (t) => {
    const rows = "INSERT INTO t VALUES (2, 1), (1, 2), (2, 1)";
    const digestOf = async (...statements: readonly string[]) => {
      const connection = await made(t, ...statements);
      return digest(connection, await digestedBySql(connection, "t"));
    };
    const plain = await digestOf("CREATE TABLE t (a, b)", rows);
    assert.deepEqual(plain, await digestOf("CREATE TABLE t (a, b)", rows));
    assert.notDeepEqual(
      plain,
      await digestOf("CREATE TABLE t (a, b)", "INSERT INTO t VALUES (1, 2), (2, 1), (2, 1)"),
    );
    const byKey = "CREATE TABLE t (a, b, PRIMARY KEY (b, a)) WITHOUT ROWID";
    assert.deepEqual(
      await digestOf(byKey, "INSERT INTO t VALUES (2, 1), (1, 2)"),
      await digestOf(byKey, "INSERT INTO t VALUES (1, 2), (2, 1)"),
    );
  });

  it("has the words of its tables, indexes, views and triggers, and nothing of the manifest's", async (t) => {
    const digestOf = async (...statements: readonly string[]) =>
      digestOfDefinitions(
        await made(t, 'CREATE INDEX "index on things (text)" ON things (text)', ...statements),
        ["things"],
      );
    assert.equal(await digestOf("CREATE TABLE _dbaas_mine (id PRIMARY KEY)"), undefined);
    const all = ["CREATE VIEW v AS SELECT 1", "CREATE INDEX i ON things (text)", "CREATE TABLE t (a)"];
    assert.equal((await digestOf(...all))?.rows, 3);
    assert.deepEqual(await digestOf(...all), await digestOf(...[...all].reverse()));
    assert.notDeepEqual(await digestOf(...all), await digestOf("CREATE VIEW v AS SELECT 2", ...all.slice(1)));
  });
});
