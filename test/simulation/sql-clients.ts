// What the simulated clients ask for in SQL beside the rows that the promises are about: a schema that comes and goes, with all of which
// copies could make something else: chance and time in defaults and triggers, cascades, counted keys, conflicts. Every copy is held
// against every other in the end.
import type {
  Part,
  PartShape,
  ReadStatement,
  SqlShape,
  WriteStatement,
} from "../../core/messages/statement.ts";
import { slowText } from "../fakes/slow-statements.ts";
import type { Ask } from "./course.ts";

const notes = `(id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT UNIQUE, at TEXT DEFAULT CURRENT_TIMESTAMP, chance DEFAULT (hex(randomblob(8))))`;
const tags = `(thing TEXT REFERENCES things ON DELETE CASCADE, note INTEGER REFERENCES notes ON DELETE SET NULL, chance DEFAULT (hex(randomblob(8))))`;

/** Each may follow each, whatever of it was lost. */
const changes: readonly (readonly string[])[] = [
  [],
  [
    `CREATE TABLE IF NOT EXISTS notes ${notes}`,
    "CREATE TRIGGER IF NOT EXISTS noted AFTER INSERT ON counted BEGIN INSERT INTO notes (text) VALUES (new.value || random()); END",
  ],
  [
    `CREATE TABLE IF NOT EXISTS notes ${notes}`,
    `CREATE TABLE IF NOT EXISTS tags ${tags}`,
    "CREATE INDEX IF NOT EXISTS by_value ON things (value, id)",
    "CREATE TRIGGER IF NOT EXISTS tagged AFTER INSERT ON things BEGIN INSERT INTO tags (thing, note) SELECT new.id, max(id) FROM notes; END",
    "CREATE TRIGGER IF NOT EXISTS untagged AFTER DELETE ON tags BEGIN INSERT OR IGNORE INTO notes (text) VALUES (old.thing || unixepoch('subsec')); END",
  ],
  [
    `CREATE TABLE IF NOT EXISTS notes ${notes}`,
    "INSERT INTO notes (text) SELECT value FROM things WHERE true ON CONFLICT (text) DO UPDATE SET at = at || '!', chance = hex(randomblob(8))",
    "CREATE VIEW IF NOT EXISTS both AS SELECT text, chance FROM notes UNION ALL SELECT value, id FROM counted",
    "UPDATE notes SET chance = (SELECT count(*) FROM both) || random() WHERE id % 2",
  ],
  [
    "PRAGMA foreign_keys = OFF",
    `CREATE TABLE IF NOT EXISTS notes ${notes}`,
    `CREATE TABLE new_notes ${notes}`,
    "INSERT INTO new_notes SELECT * FROM notes",
    "DROP VIEW IF EXISTS both",
    "DROP TRIGGER IF EXISTS noted",
    "DROP TRIGGER IF EXISTS tagged",
    "DROP TRIGGER IF EXISTS untagged",
    "DROP TABLE notes",
    "ALTER TABLE new_notes RENAME TO notes",
    "PRAGMA foreign_keys = ON",
  ],
  ["DROP TABLE IF EXISTS tags", "DROP INDEX IF EXISTS by_value", "DROP TRIGGER IF EXISTS tagged"],
];

/** Returns what no two copies would have by themselves. */
const countInSql: SqlShape = {
  kind: "sql",
  sql: "INSERT INTO counted (value) VALUES (?) RETURNING *, random(), unixepoch('subsec')",
};

/** The value is counted, and the schema another one. */
export function countedInSql(value: string, number: number): WriteStatement {
  const texts = changes[number % changes.length] ?? [];
  if (texts.length === 0) return { shape: countInSql, rows: [[value]] };
  const shapes: PartShape[] = texts.map((sql) =>
    /^(?:CREATE|ALTER|DROP)/.test(sql) ? { kind: "sql", sql, schema: true } : { kind: "sql", sql },
  );
  const parts = [...shapes, countInSql].map((shape): Part => ({ shape, rows: 1 }));
  return { shape: { kind: "batch", parts }, rows: [...texts.map(() => []), [value]] };
}

/** Of a search. */
const textLength = 8_000;

/** What takes its time, and finds nothing: of a sweep the same whatever it looks for, of each search another, and a long one. */
export function lookingThrough(
  value: string,
  { kind, ms }: Extract<Ask, { readonly kind: "sweep" | "search" }>,
): WriteStatement | ReadStatement {
  const text = `${value} ${slowText(ms)}`;
  if (kind === "search")
    return {
      shape: { kind: "sql", sql: `SELECT id FROM things WHERE value = '${text.padEnd(textLength)}'` },
      params: [],
    };
  const where = { op: "like", column: "value", param: 0 } as const;
  return { shape: { kind: "delete", table: "things", where }, rows: [[`${text}%`]] };
}
