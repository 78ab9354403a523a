// The statements are carried out by SQLite: page by page forwards and backwards, a table is what it is.
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import type { SqlTable, SqlValue } from "../../../dashboard/model/sql-answer.ts";
import {
  type Page,
  pageQuery,
  quotedName,
  rowKeyOf,
  type ShownPage,
  shownPage,
  type TableEntry,
  tablesIn,
  tablesQuery,
} from "../../../dashboard/model/table-pages.ts";

const size = 3;

function sqlValueOf(value: unknown): SqlValue {
  if (value === null) return { kind: "null" };
  return typeof value === "bigint"
    ? { kind: "integer", text: String(value) }
    : { kind: "text", text: String(value) };
}

function paramOf(param: unknown): bigint | string {
  return typeof param === "object" && param !== null && "integer" in param
    ? BigInt(String(param.integer))
    : String(param);
}

function run(db: DatabaseSync, { sql, params }: ReturnType<typeof pageQuery>): SqlTable {
  const statement = db.prepare(sql);
  statement.setReadBigInts(true);
  // Two columns may have one name.
  statement.setReturnArrays(true);
  const columns = statement.columns().map(({ name, type }) => ({ name, type }));
  const rows = statement.all(...params.map(paramOf));
  return { columns, rows: rows.map((row) => Object.values(row).map(sqlValueOf)) };
}

function made(ddl: string): { readonly db: DatabaseSync; readonly table: TableEntry } {
  const db = new DatabaseSync(":memory:");
  db.exec(ddl);
  const [table] = tablesIn(run(db, tablesQuery));
  assert.ok(table !== undefined, "there is a table");
  return { db, table };
}

const firstColumn = ({ rows }: SqlTable): readonly string[] =>
  rows.map(([value]) => (value === undefined || value.kind === "null" ? "" : value.text));

/** Forwards from the first page, then backwards from the last one. */
function walk(db: DatabaseSync, table: TableEntry) {
  const key = rowKeyOf(table);
  const at = (page: Page): ShownPage =>
    shownPage(run(db, pageQuery(table, key, page, size)), key, page, size);
  const forwards = [];
  let page = at({ kind: "first" });
  assert.equal(page.hasBefore, false);
  for (let pages = 0; pages < 10; pages++) {
    forwards.push(...firstColumn(page));
    if (!page.hasAfter) break;
    page = at({ kind: "after", key: page.lastKey, offset: page.offset + page.rows.length });
    assert.equal(page.hasBefore, true);
  }
  if (key.kind === "none") return { forwards, backwards: null };
  const backwards = [];
  page = at({ kind: "last" });
  for (let pages = 0; pages < 10; pages++) {
    backwards.unshift(...firstColumn(page));
    if (!page.hasBefore) break;
    page = at({ kind: "before", key: page.firstKey, offset: 0 });
  }
  return { forwards, backwards };
}

describe("a table page by page", () => {
  for (const [what, ddl, expected] of [
    [
      "by its counted key, which JavaScript's numbers do not hold",
      "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT) STRICT; INSERT INTO t SELECT 9007199254740990 + value, 'x' FROM json_each('[1,2,3,4,5,6,7]')",
      Array.from({ length: 7 }, (_, i) => String(9007199254740991n + BigInt(i))),
    ],
    [
      "by a key of several columns with odd names",
      `CREATE TABLE "t ""x" ("a ""b" TEXT, c INTEGER NOT NULL DEFAULT (1 + 2), d, CONSTRAINT k PRIMARY KEY ("a ""b" COLLATE BINARY, c DESC), CHECK (c > 0)) STRICT, WITHOUT ROWID;`.replace(
        " d,",
        " d TEXT,",
      ) +
        `INSERT INTO "t ""x" SELECT value, row_number() OVER (), NULL FROM json_each('["a","a","a","a","b","b","c"]')`,
      ["a", "a", "a", "a", "b", "b", "c"],
    ],
    [
      "by a key in its column",
      'CREATE TABLE t (a TEXT PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO t SELECT value, NULL FROM json_each(\'["e","d","c","b"]\')',
      ["b", "c", "d", "e"],
    ],
    [
      "by the number of a row when a column has taken the name",
      "CREATE TABLE t (rowid TEXT); INSERT INTO t SELECT 'same' FROM json_each('[1,2,3,4,5]')",
      ["same", "same", "same", "same", "same"],
    ],
    ["that is empty", "CREATE TABLE t (a)", []],
    [
      "that is a view",
      "CREATE VIEW v AS SELECT value FROM json_each('[1,2,3,4,5,6,7]')",
      ["1", "2", "3", "4", "5", "6", "7"],
    ],
  ] as const)
    it(`is walked through, ${what}`, () => {
      const { db, table } = made(ddl);
      const { forwards, backwards } = walk(db, table);
      assert.deepEqual(forwards, expected);
      if (backwards !== null) assert.deepEqual(backwards, expected);
    });

  it("shows its own columns alone", () => {
    const { db, table } = made("CREATE TABLE t (a TEXT, b INTEGER)");
    const key = rowKeyOf(table);
    const shown = shownPage(
      run(db, pageQuery(table, key, { kind: "first" }, size)),
      key,
      { kind: "first" },
      size,
    );
    assert.deepEqual(shown.columns, [
      { name: "a", type: "TEXT" },
      { name: "b", type: "INTEGER" },
    ]);
  });

  it("is no table of the service or of SQLite", () => {
    const { table } = made(
      "CREATE TABLE _dbaas_meta (a); CREATE TABLE zdbaas (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE INDEX i ON zdbaas (id)",
    );
    assert.equal(table.name, "zdbaas");
  });

  it("has its name quoted", () => assert.equal(quotedName('a"b'), '"a""b"'));
});
