// What an attacker would put into the fields of bodies.
import fc from "fast-check";
import type { WriteOperation } from "../../../api/requests/schemas.ts";
import { anyCharacter } from "../../support/characters.ts";

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

export const hostile = fc.oneof(
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

/** Every operation, with what it takes. */
const byOperation = {
  insert: fc.oneof(
    fc.record({ op: fc.constant("insert"), table: tableName, row }),
    fc.record({
      op: fc.constant("insert"),
      table: tableName,
      rows: fc.array(row, { minLength: 1, maxLength: 2 }),
    }),
  ),
  upsert: fc.record({ op: fc.constant("upsert"), table: tableName, row }),
  update: fc.record({ op: fc.constant("update"), table: tableName, set: row, where }),
  delete: fc.record({ op: fc.constant("delete"), table: tableName, where }),
} satisfies Record<WriteOperation, fc.Arbitrary<unknown>>;

export const writeBody = fc.oneof(
  { weight: 5, arbitrary: fc.oneof(...Object.values<fc.Arbitrary<unknown>>(byOperation)) },
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
export const readBody = fc.oneof(
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
