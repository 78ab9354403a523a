// The shell by pipes: the real program, asking a service of this test's own.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { onlyReads } from "../../../../cli/sql/kind.ts";
import { FakeService } from "../fake-service.ts";

const program = fileURLToPath(new URL("../../../../cli/main.ts", import.meta.url));
const fake = new FakeService();
let folder = "";

before(async () => {
  await fake.start();
  folder = mkdtempSync(join(tmpdir(), "shell-"));
  fake.database.exec(
    "CREATE TABLE item (id INTEGER PRIMARY KEY, note TEXT); INSERT INTO item VALUES (1, 'one'), (2, NULL)",
  );
});
after(() => {
  fake.close();
  rmSync(folder, { recursive: true });
});

async function sql(script: string, ...args: readonly string[]) {
  const env = { ...process.env, DBAAS_URL: fake.url, DBAAS_TOKEN: "" };
  const child = spawn(process.execPath, [program, "sql", ...args], { env, timeout: 60_000 });
  child.stdin.end(script);
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { out, error, code };
}

describe("sql", () => {
  it("prints what one statement gives, as a table, as JSON, YAML and CSV", async () => {
    const select = "SELECT id, note, 9007199254740993 AS big FROM item";
    const forms = await Promise.all(
      ["table", "json", "yaml", "csv"].map((form) => sql("", select, "-o", form)),
    );
    assert.deepEqual(
      forms.map(({ out }) => out),
      [
        "id  note  big\n1   one   9007199254740993\n2   NULL  9007199254740993\n2 rows\n",
        '[\n  {\n    "id": 1,\n    "note": "one",\n    "big": 9007199254740993\n  },\n  {\n    "id": 2,\n    "note": null,\n    "big": 9007199254740993\n  }\n]\n',
        "---\n- id: 1\n  note: one\n  big: 9007199254740993\n- id: 2\n  note: null\n  big: 9007199254740993\n",
        "id,note,big\r\n1,one,9007199254740993\r\n2,,9007199254740993\r\n",
      ],
    );
  });

  it("prints what a write changed, for programs with its place in the log", async () => {
    const insert = (id: number) => `INSERT INTO item VALUES (${id}, 'written')`;
    assert.equal((await sql("", insert(100))).out, "1 row changed\n");
    const json = JSON.parse((await sql("", insert(101), "-o", "json")).out);
    assert.deepEqual(json, { rowsAffected: 1, position: fake.writes });
    const yaml = await sql("", insert(102), "-o", "yaml");
    assert.equal(yaml.out, `---\nrowsAffected: 1\nposition: ${fake.writes}\n`);
    assert.equal((await sql("", "DELETE FROM item WHERE id > 99", "-o", "csv")).out, "");
  });

  it("sends what was typed as it was typed, to any slave or to one that has everything", async () => {
    const select = "select 9007199254740993 as a, 'it''s;' as b, -9223372036854775808 as c";
    await sql("", select);
    assert.deepEqual(fake.read, { sql: select });
    await sql("", "--strong", select);
    assert.deepEqual(fake.read, { sql: select, params: [], consistency: "strong" });
  });

  it("runs a script with statements on several lines and commands of its own", async () => {
    writeFileSync(join(folder, "more.sql"), "SELECT 'read' AS\n word;\n");
    const script = `-- a remark; with a semicolon
      INSERT INTO item VALUES (3, 'a;b'),
        (4, 'c');  SELECT count(*) AS n FROM item;
.mode csv
.tables
.schema item
.read ${join(folder, "more.sql")}
DELETE FROM item WHERE id > 2; SELECT max(id) AS "the last" FROM item`;
    const { out, code, error } = await sql(script);
    assert.equal(error, "");
    assert.equal(code, 0);
    assert.equal(
      out,
      "2 rows changed\nn\n4\n1 row\nitem\nCREATE TABLE item (id INTEGER PRIMARY KEY, note TEXT);\nword\r\nread\r\nthe last\r\n2\r\n",
    );
  });

  it("ends a script at the first error, with the line at which the statement began", async () => {
    const { out, error, code } = await sql("SELECT 1 AS a;\n\nSELECT *\nFROM nowhere;\nSELECT 2 AS b;\n");
    assert.equal(code, 1);
    assert.match(error, /^dbaas: line 3: no such table: nowhere\n$/);
    assert.equal(out, "a\n1\n1 row\n");
  });

  it("says which commands there are when one is none", async () => {
    assert.match((await sql(".nothing\n")).error, /line 1: there is no command \.nothing; \.help shows all/);
    assert.match((await sql(".mode wide\n")).error, /\.mode takes table or json or yaml or csv/);
    assert.match(
      (await sql(".help\n.quit\nSELECT 1;")).out,
      /\.timer on\|off.*\n(.*\n)+A statement ends .*\n$/,
    );
  });
});

it("what only reads is told from what may write", () => {
  for (const statement of [
    "SELECT 'INSERT'",
    "/* x */ values (1)",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    'WITH a AS (SELECT "update" FROM t) SELECT 1',
    "explain query plan select 1",
  ])
    assert.equal(onlyReads(statement), true, statement);
  for (const statement of [
    "INSERT INTO t VALUES (1)",
    "WITH a AS (SELECT 1) DELETE FROM t",
    "CREATE TABLE t (a)",
    "",
    "-- select",
  ])
    assert.equal(onlyReads(statement), false, statement);
});
