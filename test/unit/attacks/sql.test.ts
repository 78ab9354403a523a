// What an attacker would write as SQL, all the way from the API's parsers to a real SQLite file: nothing reaches the service's own
// tables, the schema, other files or the process, and nothing makes an error that was not foreseen.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { parseRead } from "../../../api/requests/read-request.ts";
import { parseWrite } from "../../../api/requests/write-request.ts";
import { checksumOf } from "../../../core/log/record.ts";
import { quoted } from "../../../core/schema.ts";
import type { Store } from "../../../worker/copy/store.ts";
import { answerReads } from "../../../worker/read/answer-reads.ts";
import { ledgerOf } from "../../../worker/write/ledger.ts";
import { committed, unlimited } from "../../fakes/commits.ts";
import { runs } from "../../support/runs.ts";
import { openCopy, replying, undoneAfterwards } from "../worker/copies.ts";
import { shop } from "../worker/schemas.ts";

const secret = "TOP-SECRET-7f3a";
const undoing = undoneAfterwards();
let store: Store;
let offset = 100;

const foreseen: ReadonlySet<string | undefined> = new Set([
  undefined,
  "bad_request",
  "constraint_violation",
  "unexpected_result",
  "too_large",
  "query_timeout",
]);

async function write(body: unknown): Promise<string> {
  const { shape, rows } = parseWrite(body);
  offset += 1;
  const input = {
    writes: [{ shape, item: { index: 0, shape: 0, rows, key: `attack-${offset}#0` }, message: "api-1" }],
    chores: [],
    epoch: 1,
    atMs: 1_000,
    logMs: 0,
    limits: { ...unlimited, mayGoOn: (_: unknown, ranMs: number) => ranMs < 300 },
  };
  const append = async (content: Buffer) => ({ offset, checksum: checksumOf(content) });
  const [outcome] = await committed(ledgerOf(store), input, append);
  return typeof outcome === "object" ? outcome.body : '{"code":"query_timeout"}';
}

async function read(body: unknown): Promise<string> {
  const { shape, params } = parseRead(body);
  const items = [{ index: 0, shape: 0, params }];
  const batch = { v: 1, deadlineMs: Date.now() + 10_000, attempt: 1, shapes: [shape], items } as const;
  const texts: string[] = [];
  const limits = { queryMs: 300, freshWithinMs: 100, answerWithinMs: 10_000 };
  await answerReads(
    store,
    batch,
    limits,
    replying((some) => void texts.push(...some.map((answer) => answer.body.toString()))),
  );
  assert.equal(texts.length, 1);
  return texts[0] ?? "";
}

const schemaNow = () => store.writer.all("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name");
let schemaBefore: Awaited<ReturnType<typeof schemaNow>>;

/** What clients may make beside what is there, until the next try. */
async function takeAway(): Promise<void> {
  const known = new Set(schemaBefore.map(({ type, name }) => `${type} ${name}`));
  for (const { type, name } of await schemaNow())
    if (!known.has(`${type} ${name}`))
      await store.writer.exec(`DROP ${type} IF EXISTS ${quoted(String(name))}`);
}

/** What must hold after whatever was tried. */
async function unharmed(sql: string, answer: string): Promise<void> {
  assert.doesNotMatch(answer, new RegExp(secret), sql);
  const { code } = JSON.parse(answer);
  assert.ok(foreseen.has(code), `${sql}: ${answer}`);
  const [kept] = await store.writer.all("SELECT answer, position FROM _dbaas_keys WHERE key = 'c:secret'");
  assert.deepEqual(kept, { answer: secret, position: 1 }, sql);
  await takeAway();
  assert.deepEqual(await schemaNow(), schemaBefore, sql);
  const [attached] = await store.writer.all(
    "SELECT count(*) AS files FROM pragma_database_list WHERE name <> 'temp'",
  );
  assert.equal(attached?.files, 1, sql);
}

before(async () => {
  store = await openCopy(undoing, shop);
  await store.recordKeys([{ key: "c:secret", hash: secret, ok: true, answer: secret }], 1, 1);
  schemaBefore = await schemaNow();
});

describe("SQL of an attacker", () => {
  const tries = [
    "SELECT * FROM _dbaas_keys",
    'SELECT * FROM "_dbaas_keys"',
    "SELECT * FROM [_DBAAS_KEYS] AS people",
    "SELECT (SELECT answer FROM _dbaas_keys) FROM people",
    "SELECT name FROM people UNION ALL SELECT answer FROM main._dbaas_keys",
    "SELECT * FROM people WHERE EXISTS (SELECT 1 FROM _dbaas_keys WHERE answer > '')",
    "WITH _dbaas_keys AS (SELECT 'mine' AS answer) SELECT answer FROM _dbaas_keys",
    "WITH k AS (SELECT * FROM _dbaas_keys) INSERT INTO people (name) SELECT answer FROM k",
    "INSERT INTO people (name) SELECT answer FROM _dbaas_keys RETURNING name",
    "INSERT INTO _dbaas_keys (key, ok, answer, position, at_ms, own) VALUES ('c:x', 1, '', 1, 1, 0)",
    "REPLACE INTO _dbaas_meta VALUES ('applied', '{}')",
    "UPDATE _dbaas_meta SET value = ''",
    "UPDATE people SET name = (SELECT answer FROM _dbaas_keys)",
    "UPDATE people SET age = 1 FROM _dbaas_keys WHERE name <> answer",
    "DELETE FROM people WHERE name IN (SELECT answer FROM _dbaas_keys) RETURNING *",
    "SELECT json_group_array(answer) FROM _dbaas_keys",
    "SELECT * FROM json_each((SELECT json_group_array(answer) FROM _dbaas_keys))",
    "SELECT load_extension('/lib/x86_64-linux-gnu/libc.so.6')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/dbaas-attack', 'x')",
    "ATTACH '/tmp/dbaas-attack' AS x",
    "VACUUM INTO '/tmp/dbaas-attack'",
    "VACUUM",
    "PRAGMA writable_schema = 1",
    "PRAGMA temp_store_directory = '/tmp'",
    "PRAGMA hard_heap_limit = 1",
    "SELECT * FROM pragma_function_list",
    "SELECT * FROM pragma_table_info('_dbaas_keys')",
    "EXPLAIN SELECT * FROM _dbaas_keys",
    "SELECT dbaas_run('SELECT * FROM _dbaas_keys', '', 1, 0, NULL, 9999, 9999)",
    "CREATE TRIGGER t AFTER INSERT ON people BEGIN INSERT INTO _dbaas_floors VALUES ('x', 9, 9); END",
    "CREATE TEMP VIEW v AS SELECT * FROM _dbaas_keys",
    "CREATE TABLE t AS SELECT * FROM _dbaas_keys",
    "CREATE TABLE t (a DEFAULT (dbaas_triggers(0)))",
    "CREATE TABLE t (a CHECK ((SELECT count(*) FROM _dbaas_keys)))",
    "CREATE INDEX i ON _dbaas_keys (answer)",
    "ALTER TABLE _dbaas_keys RENAME TO t",
    "ALTER TABLE people ADD COLUMN a DEFAULT 'x'",
    "DROP TABLE _dbaas_keys",
    "DROP TABLE people",
    "COMMIT",
    "END",
    "ROLLBACK TO request",
    "RELEASE request",
    "INSERT OR ROLLBACK INTO people (name) VALUES (NULL)",
    "SELECT zeroblob(2147483647)",
    "SELECT printf('%.*c', 2000000000, 'x')",
    "SELECT replace(hex(zeroblob(400000)), '0', hex(zeroblob(400000)))",
    "SELECT randomblob(1e18)",
    "SELECT json_array((WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT group_concat(i) FROM n))",
    `SELECT ${"(".repeat(2_000)}1${")".repeat(2_000)}`,
    `SELECT ${"-".repeat(50_000)}1`,
    `SELECT ${"NOT ".repeat(20_000)}1`,
    `SELECT 1 ${"UNION SELECT 1 ".repeat(300)}`,
    `SELECT * FROM ${Array.from({ length: 70 }, (_, i) => `people p${i}`).join()}`,
    `SELECT 'a' GLOB '${"*a".repeat(20_000)}'`,
    `SELECT ?${"9".repeat(30)}`,
    "SELECT ?32767",
  ];
  for (const sql of tries)
    it(sql.length > 90 ? `${sql.slice(0, 90)}…` : sql, async () => {
      await unharmed(sql, await read({ sql }));
      await unharmed(sql, await write({ sql }));
      await unharmed(sql, await write({ statements: [{ sql: "SELECT 1" }, { sql }] }));
      assert.ok(!existsSync("/tmp/dbaas-attack"));
    });

  it("a thousand words in any order", () => {
    const word = fc.constantFrom(
      ..."SELECT * FROM people _dbaas_keys _dbaas_meta answer name , ( ) WHERE = 'x' \" ; -- /* */ UNION ALL INSERT INTO VALUES".split(
        " ",
      ),
      ..."UPDATE SET DELETE RETURNING DROP ALTER CREATE WITH AS RECURSIVE LIMIT ? :a 1 NULL OR AND NOT IN EXISTS PRAGMA ATTACH table_info".split(
        " ",
      ),
      ..."random() changes() sqlite_schema json_each main . temp CREATE TABLE TRIGGER COMMIT ROLLBACK group_concat(answer)".split(
        " ",
      ),
      "\0",
      "é",
      "\u{1f600}",
    );
    return fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 14 }), async (words) => {
        const sql = words.join(" ");
        await unharmed(sql, await read({ sql }));
        await unharmed(sql, await write({ sql }));
      }),
      { numRuns: runs(400) },
    );
  });

  it("values stay values, whatever stands in them", () =>
    fc.assert(
      fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => {
        const answer = await read({ sql: "SELECT ? AS same", params: [text] });
        assert.deepEqual(JSON.parse(answer).rows, [[text]]);
        const named = await read({
          sql: "SELECT :a || :b AS both",
          params: { a: text, b: "'; DROP TABLE people" },
        });
        assert.deepEqual(JSON.parse(named).rows, [[`${text}'; DROP TABLE people`]]);
      }),
      { numRuns: runs(200) },
    ));

  it("views and triggers of theirs, whoever sets them off", async () => {
    for (const [made, ...used] of [
      [
        "CREATE VIEW v AS SELECT * FROM _dbaas_keys",
        "SELECT * FROM v",
        "INSERT INTO people (name) SELECT answer FROM v",
      ],
      [
        "CREATE TRIGGER t AFTER INSERT ON people BEGIN UPDATE people SET name = (SELECT answer FROM _dbaas_keys); END",
        "INSERT INTO people (name) VALUES ('x') RETURNING name",
      ],
      [
        "CREATE TRIGGER t AFTER INSERT ON people BEGIN DELETE FROM _dbaas_keys; END",
        "INSERT INTO people (name) VALUES ('y')",
      ],
    ]) {
      assert.equal(JSON.parse(await write({ sql: made })).code, undefined, made);
      const answers = [await write({ op: "insert", table: "people", row: { name: "z" } })];
      for (const sql of used ?? []) answers.push(await read({ sql }), await write({ sql }));
      const after = await store.writer.all("SELECT name FROM people");
      assert.doesNotMatch(JSON.stringify(after), new RegExp(secret));
      for (const answer of answers) await unharmed(String(made), answer);
    }
  });
});
