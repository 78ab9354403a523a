// What an attacker would put into bodies, all the way from the API's parsers to a real SQLite file: no field of any form
// reaches another table, the schema or a secret, and none makes an error that was not foreseen.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import fc from "fast-check";
import { parseRead } from "../../../api/requests/read-request.ts";
import { parseWrite } from "../../../api/requests/write-request.ts";
import { Refusal } from "../../../core/errors.ts";
import { checksumOf } from "../../../core/log/record.ts";
import type { Store } from "../../../worker/copy/store.ts";
import { answerReads } from "../../../worker/read/answer-reads.ts";
import { ledgerOf } from "../../../worker/write/ledger.ts";
import { committed, done, unlimited } from "../../fakes/commits.ts";
import { anyCharacter } from "../../support/characters.ts";
import { enough, runs } from "../../support/runs.ts";
import { openCopy, replying } from "../worker/copies.ts";
import { integer, table, text } from "../worker/schemas.ts";

const secret = "TOP-SECRET-7f3a";
const schema = {
  tables: [
    table("people", [text("name", { notNull: true }), integer("age"), text("note")], ["name"]),
    table("secrets", [text("id", { notNull: true }), text("value")], ["id"]),
  ],
};

const undoing: (() => Promise<void>)[] = [];
let store: Store;
let offset = 100;

async function write(body: unknown): Promise<{ readonly ok: boolean; readonly code?: string }> {
  const { shape, rows } = parseWrite(body);
  offset += 1;
  const item = { index: 0, shape: 0, rows, key: `attack-${offset}#0` };
  const input = {
    writes: [{ shape, item, message: "api-1" }],
    chores: [],
    epoch: 1,
    atMs: 1_000,
    logMs: 0,
    limits: unlimited,
  };
  const append = async (content: Buffer) => ({ offset, checksum: checksumOf(content) });
  const [result] = done(await committed(ledgerOf(store), input, append));
  assert.ok(result !== undefined);
  return { ok: result.ok, ...(JSON.parse(String(result.body)) as object) };
}

async function read(body: unknown): Promise<{ readonly ok: boolean; readonly text: string }> {
  const { shape, params } = parseRead(body);
  const batch = {
    v: 1,
    deadlineMs: Date.now() + 10_000,
    attempt: 1,
    shapes: [shape],
    items: [{ index: 0, shape: 0, params }],
  } as const;
  const answers: { readonly ok: boolean; readonly text: string }[] = [];
  const limits = { queryMs: 1_000, freshWithinMs: 100, answerWithinMs: 10_000 };
  const reply = replying((some) => {
    for (const { ok, body } of some) answers.push({ ok, text: body.toString() });
  });
  await answerReads(store, batch, limits, reply);
  assert.ok(answers[0] !== undefined);
  return answers[0];
}

before(async () => {
  store = await openCopy({ after: (undo: () => Promise<void>) => void undoing.push(undo) }, schema);
  await write({ op: "insert", table: "secrets", row: { id: "key", value: secret } });
  await write({ op: "insert", table: "people", row: { name: "asha", age: 36, note: "n" } });
});
after(() => undoing.reverse().reduce((undone, undo) => undone.then(undo), Promise.resolve()));

/** Everything that no request here may change. */
const untouchable = async () => ({
  secrets: await store.writer.all("SELECT * FROM secrets"),
  schema: await store.writer.all("SELECT type, name, sql FROM sqlite_master ORDER BY name"),
  databases: (await store.writer.all("PRAGMA database_list")).map(({ name }) => name),
});

const fragments = [
  "'",
  '"',
  "`",
  "]",
  "\\",
  ";",
  "--",
  "/*",
  "*/",
  "\0",
  "\n",
  "’",
  "%",
  "_",
  "(",
  ")",
  ",",
  "?",
  "?1",
  ":a",
  "$1",
  "@x",
  " OR 1=1",
  "1=1",
  "*",
  "name",
  "people",
  "secrets",
  "value",
  "secrets.value",
  "people.name",
  "main.secrets",
  "rowid",
  "_dbaas_keys",
  "sqlite_master",
  "json_each",
  "'); DROP TABLE secrets; --",
  '"; DELETE FROM secrets; --',
  "' UNION SELECT value FROM secrets --",
  '" FROM secrets --',
  "(SELECT value FROM secrets)",
  "people, secrets",
  "people JOIN secrets",
  "PRAGMA writable_schema=1",
  "ATTACH DATABASE ':memory:' AS other",
  "load_extension('x')",
  "randomblob(1000000000)",
  "CASE WHEN 1 THEN value END",
  "name COLLATE NOCASE",
  "name AS value",
  "age desc",
  "IN (SELECT value FROM secrets)",
  "EXISTS (SELECT 1 FROM secrets)",
  "NULL",
  "x'00'",
  "__proto__",
  "constructor",
] as const;

const hostile = fc.oneof(
  fc.array(fc.constantFrom(...fragments), { minLength: 1, maxLength: 4 }).map((some) => some.join("")),
  fc.array(fc.constantFrom(...fragments), { minLength: 1, maxLength: 4 }).map((some) => some.join(" ")),
  fc.string({ unit: anyCharacter, maxLength: 12 }),
);
const value = fc.oneof(hostile, fc.integer(), fc.boolean(), fc.constant(null));
const columnName = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom("name", "age", "note") },
  { weight: 3, arbitrary: hostile },
);
const tableName = fc.oneof(
  { weight: 3, arbitrary: fc.constant("people") },
  { weight: 2, arbitrary: hostile.filter((name) => name.trim().toLowerCase() !== "secrets") },
);
const operator = fc.oneof(fc.constantFrom("=", "!=", "<", ">=", "in", "not in", "like", "not like"), hostile);
const test = fc.oneof(
  value,
  fc.array(value, { maxLength: 3 }),
  fc.dictionary(operator, value, { maxKeys: 2 }),
);
const where = fc.oneof(
  hostile,
  hostile.map((text) => `name = '${text}'`),
  hostile.map((text) => `name = ${text}`),
  hostile.map((text) => `${text} = 'asha'`),
  fc.dictionary(columnName, test, { maxKeys: 3 }),
  fc.array(fc.oneof(hostile, fc.dictionary(columnName, test, { maxKeys: 2 })), { maxLength: 3 }),
);
const row = fc.dictionary(columnName, value, { minKeys: 1, maxKeys: 4 });

const writeBody = fc.oneof(
  fc.record({ op: fc.constantFrom("insert", "upsert"), table: tableName, row }),
  fc.record({
    op: fc.constant("insert"),
    table: tableName,
    rows: fc.array(row, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ op: fc.constant("update"), table: tableName, set: row, where }),
  fc.record({ op: fc.constant("delete"), table: tableName, where }),
  fc.record({ op: hostile, table: tableName, where }),
  fc.record({
    table: tableName,
    column: fc.oneof(hostile, fc.array(columnName)),
    insert: fc.oneof(hostile, fc.array(value)),
  }),
  fc.record({ table: tableName, delete: where }),
  fc.record({ table: tableName, column: columnName, delete: value }),
  fc.record({ query: fc.constant("insert"), table: tableName, values: row }),
  fc.record({ query: fc.constant("delete"), table: tableName, condition: where }),
);
const readBody = fc.oneof(
  fc.record(
    {
      table: tableName,
      columns: fc.oneof(hostile, fc.array(columnName, { maxLength: 3 })),
      where,
      orderBy: fc.oneof(
        hostile,
        fc.array(fc.oneof(hostile, fc.record({ column: hostile })), { maxLength: 2 }),
      ),
      limit: fc.oneof(fc.nat({ max: 5 }), hostile),
      offset: fc.oneof(fc.nat({ max: 5 }), hostile),
    },
    { requiredKeys: ["table"] },
  ),
  fc.record({ table: tableName, column: hostile, condition: where }),
  fc.record({ table: tableName, count: fc.constantFrom(true, 1), where }),
);

/** @returns undefined when the body was refused, as bodies may be */
async function unlessRefused<T>(attempt: () => Promise<T>): Promise<T | undefined> {
  try {
    return await attempt();
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    assert.notEqual(error.code, "internal");
    return undefined;
  }
}

describe("hostile bodies", () => {
  it("as writes change no other table, no schema, and make no unforeseen error", async () => {
    const before = await untouchable();
    let done = 0;
    await fc.assert(
      fc.asyncProperty(writeBody, async (body) => {
        const answer = await unlessRefused(() => write(body));
        if (answer?.ok === true) done += 1;
        assert.notEqual(answer?.code, "internal", JSON.stringify({ body, answer }));
        assert.deepEqual(await untouchable(), before);
      }),
      { numRuns: runs(1_500) },
    );
    assert.ok(done > enough(20), `only ${done} were carried out: the test tests too little`);
  });

  it("as reads see no other table, change nothing, and make no unforeseen error", async () => {
    const before = await untouchable();
    let done = 0;
    await fc.assert(
      fc.asyncProperty(readBody, async (body) => {
        const answer = await unlessRefused(() => read(body));
        if (answer?.ok === true) done += 1;
        assert.ok(answer === undefined || !answer.text.includes(secret), JSON.stringify(body));
        assert.ok(answer === undefined || answer.ok || !answer.text.includes('"internal"'), answer?.text);
      }),
      { numRuns: runs(1_500) },
    );
    assert.deepEqual(await untouchable(), before);
    assert.ok(done > enough(20), `only ${done} were carried out: the test tests too little`);
  });

  it("as values come back as they went in", () =>
    fc.assert(
      fc.asyncProperty(
        hostile.filter((text) => !text.includes("\0")),
        async (note) => {
          const name = `n${offset}`;
          assert.deepEqual((await write({ op: "insert", table: "people", row: { name, note } })).ok, true);
          for (const condition of [
            { name, note },
            `name = '${name}' AND note = '${note.replaceAll("'", "''")}'`,
          ]) {
            const { text } = await read({ table: "people", columns: ["note"], where: condition });
            assert.deepEqual(JSON.parse(text), [{ note }]);
          }
        },
      ),
      { numRuns: runs(300) },
    ));

  it("cannot name the tables that the service keeps for itself", async () => {
    for (const name of [
      "_dbaas_keys",
      "sqlite_master",
      "sqlite_schema",
      "sqlite_sequence",
      "pragma_table_info",
      "json_each",
    ]) {
      const answer = await read({ table: name });
      assert.deepEqual([answer.ok, answer.text.includes('"unknown_table"')], [false, true], answer.text);
      assert.equal((await write({ op: "delete", table: name, where: "1=1" })).code, "unknown_table");
    }
  });
});

describe("keys that JavaScript gives a meaning", () => {
  const keys = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "__defineGetter__"];

  it("are columns like any other: unknown ones, that change no object", async () => {
    for (const key of keys) {
      // As text: a literal would set the prototype instead of a key.
      const body = (inner: string) =>
        JSON.parse(`{"table":"people",${inner.replaceAll("KEY", JSON.stringify(key))}}`);
      const attempts = [
        () => write(body(`"op":"insert","row":{"name":"x",KEY:"polluted"}`)),
        () => write(body(`"op":"insert","row":{"name":"x",KEY:{"polluted":true}}`)),
        () => write(body(`"op":"update","set":{KEY:"polluted"},"where":"1=1"`)),
        () => write(body(`"op":"delete","where":{KEY:{"=":"polluted"}}`)),
        () => write(body(`"op":"delete","where":{"name":{KEY:"polluted"}}`)),
        () => write(body(`"op":"insert",KEY:{"polluted":true},"row":{"name":"x"}`)),
        () => read(body(`KEY:{"polluted":true}`)),
        () => read(body(`"where":{KEY:"polluted"}`)),
        () => read(body(`"columns":[KEY]`)),
        () => read(body(`"orderBy":[{"column":KEY}]`)),
        () => read(JSON.parse(`{"table":${JSON.stringify(key)}}`)),
      ];
      for (const [i, attempt] of attempts.entries()) {
        const answer = await unlessRefused<{ readonly ok: boolean }>(attempt);
        assert.ok(answer === undefined || !answer.ok, `${key} ${i}: ${JSON.stringify(answer)}`);
      }
      assert.equal(({} as Record<string, unknown>).polluted, undefined);
      assert.equal(Object.getPrototypeOf({}), Object.prototype);
    }
  });
});
