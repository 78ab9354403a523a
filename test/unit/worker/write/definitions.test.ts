// The schema changed by SQL: what is carried out, on every copy, and what stays the manifest's and the service's.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ManifestSpec } from "../../../../core/manifest/manifest.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { Chores } from "../../../../worker/write/chores.ts";
import { definitionLimits } from "../../../../worker/write/definitions.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { insertion } from "../copies.ts";
import { shop } from "../schemas.ts";
import { sql, TwoCopies, together } from "./two-copies.ts";

const log = createLog({ program: "test", format: "json", level: "silent" });

describe("a schema that is changed by SQL", () => {
  it("has tables, indexes, views and triggers, the same on every copy", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    await copies.done(
      sql(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL CHECK (length(text) < 100), " +
          "at TEXT DEFAULT CURRENT_TIMESTAMP, chance DEFAULT (random()), " +
          "person TEXT REFERENCES people (name) ON DELETE CASCADE)",
      ),
      sql("CREATE TABLE IF NOT EXISTS notes (other)"),
      insertion("people", ["name"], ["ada"]),
      sql(
        "INSERT INTO notes (text, person) VALUES (?, ?), (?, NULL) RETURNING id, chance",
        "one",
        "ada",
        "two",
      ),
      sql("CREATE UNIQUE INDEX notes_text ON notes (lower(text))"),
      sql("CREATE INDEX mine ON people (age) WHERE age > 3"),
      sql("CREATE VIEW named AS SELECT name, text FROM people JOIN notes ON person = name"),
      sql(
        "CREATE TRIGGER counts AFTER INSERT ON notes BEGIN UPDATE people SET age = unixepoch() WHERE name = new.person; END",
      ),
      sql("INSERT INTO notes (text, person) VALUES ('three', 'ada')"),
      sql("CREATE TABLE copied AS SELECT *, random() AS more FROM named"),
      sql("ALTER TABLE copied RENAME COLUMN more TO chance"),
      sql("ALTER TABLE copied ADD COLUMN flag INTEGER NOT NULL DEFAULT 1 CHECK (flag IN (0, 1))"),
      sql("ALTER TABLE copied DROP COLUMN chance"),
      sql("ALTER TABLE copied RENAME TO kept"),
    );
    assert.deepEqual(await copies.rows("SELECT * FROM kept"), [
      ["ada", "one", 1],
      ["ada", "three", 1],
    ]);
    assert.deepEqual(await copies.rows("SELECT age FROM people"), [[Date.UTC(2026, 0, 2, 3, 4, 5) / 1_000]]);
    await copies.done(sql("DELETE FROM people WHERE name = 'ada'"));
    assert.deepEqual(await copies.rows("SELECT text FROM notes"), [["two"]]);
    await copies.done(
      sql("DROP TRIGGER counts"),
      sql("DROP VIEW named"),
      sql("DROP INDEX notes_text"),
      sql("DROP TABLE notes"),
      sql("DROP TABLE kept"),
      sql("DROP TABLE IF EXISTS never"),
    );
  });

  it("says of a change nothing that a statement before it did", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    const [, made] = await copies.done(
      sql("INSERT INTO orders (item) VALUES ('tea'), ('milk')"),
      sql("CREATE TABLE notes (id INTEGER PRIMARY KEY)"),
    );
    assert.deepEqual(made, { ok: true, rowsAffected: 0, columns: [], rows: [], position: 2 });
  });

  it("is changed as a part of several statements, all or nothing", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    const create = sql("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)");
    await copies.refused(
      together(create, sql("INSERT INTO notes (text) VALUES ('one')"), insertion("nowhere", ["a"], [1])),
      /no table/,
      "unknown_table",
    );
    await copies.done(
      together(
        create,
        sql("INSERT INTO notes (text) VALUES ('one')"),
        insertion("people", ["name"], ["ada"]),
      ),
    );
    assert.deepEqual(await copies.rows("SELECT id, text, name FROM notes, people"), [[1, "one", "ada"]]);
  });

  const kept: readonly (readonly [string, RegExp])[] = [
    ["ALTER TABLE people ADD COLUMN more", /table people is the manifest's: it is changed there/],
    ["ALTER TABLE People RENAME TO persons", /is the manifest's/],
    ["DROP TABLE people", /is the manifest's/],
    ["DROP TABLE _dbaas_keys", /no table _dbaas_keys/],
    ["CREATE INDEX mine ON _dbaas_keys (hash)", /no table _dbaas_keys/],
    ["CREATE TRIGGER mine AFTER INSERT ON _dbaas_keys BEGIN SELECT 1; END", /no table _dbaas_keys/],
    ["CREATE TABLE _dbaas_mine (id)", /names that begin with _dbaas/],
    ["CREATE TABLE json_each (id)", /json_each is taken/],
    ['CREATE INDEX "index on people (age)" ON people (age)', /is taken/],
    ["CREATE TEMP TABLE mine (id)", /temporary/],
    ["CREATE TABLE temp.mine (id)", /temporary/],
    ["CREATE TEMP VIEW mine AS SELECT 1", /temporary/],
    ["CREATE TEMP TRIGGER mine AFTER INSERT ON people BEGIN SELECT 1; END", /temporary/],
    ["CREATE VIRTUAL TABLE mine USING fts5(x)", /virtual/],
    ["CREATE TABLE mine AS SELECT * FROM _dbaas_keys", /no table _dbaas_keys/],
    ["CREATE TABLE mine AS SELECT name FROM sqlite_schema", /for reads only/],
    ["CREATE TABLE mine AS SELECT sin(1)", /for reads only/],
    ["CREATE TABLE mine (a CHECK (sin(a) > 0))", /for reads only/],
    ["CREATE TABLE mine (a CHECK (random() > 0))", /random\(\)/],
    ["CREATE TABLE mine (a, b AS (sin(a)))", /for reads only/],
    ["CREATE TABLE mine (a DEFAULT (sin(1)))", /for reads only/],
    ["CREATE TABLE mine (a DEFAULT (changes()))", /changes/],
    ["CREATE INDEX mine ON orders (sin(id))", /for reads only/],
    ["CREATE INDEX mine ON orders (random())", /non-deterministic/],
    ["CREATE TABLE mine (a REFERENCES people (age))", /foreign key mismatch/],
    ["CREATE TABLE orders (a)", /already exists/],
  ];
  for (const [text, message] of kept)
    it(`is not changed by ${text}`, async (t) => {
      const copies = await TwoCopies.open(t, shop);
      await copies.refused(sql(text), message);
    });

  it("is not changed by what hides in an ALTER", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    await copies.done(sql("CREATE TABLE mine (a INTEGER)"), sql("INSERT INTO mine VALUES (1)"));
    for (const [text, message] of [
      ["ALTER TABLE mine RENAME TO _dbaas_mine", /_dbaas_mine is not SQL's to change/],
      ["ALTER TABLE mine RENAME TO json_each", /json_each is taken/],
      ["ALTER TABLE mine ADD COLUMN b CHECK (sin(b) > 0)", /for reads only/],
      ["ALTER TABLE mine ADD COLUMN b DEFAULT 1 CHECK (random() IS NOT NULL)", /random\(\)/],
      ["ALTER TABLE mine ADD COLUMN b AS (sin(a))", /for reads only/],
    ] as const)
      await copies.refused(sql(text), message);
  });

  it("keeps the manifest's indexes", async (t) => {
    const { tables } = shop;
    const [people, ...others] = tables;
    assert.ok(people);
    const copies = await TwoCopies.open(t, {
      tables: [{ ...people, indexes: [{ columns: ["age"] }] }, ...others],
    });
    await copies.refused(sql('DROP INDEX "index on people (age)"'), /is the manifest's/);
  });

  it("has a bounded size", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    const { countMax, bytesMax } = definitionLimits;
    const long = (i: number) => sql(`CREATE VIEW long${i} AS SELECT '${"x".repeat(90_000)}'`);
    await copies.done(...Array.from({ length: Math.floor(bytesMax / 90_100) }, (_, i) => long(i)));
    await copies.refused(long(99), /at most 1000000 bytes/, "too_large");
    assert.ok(countMax > 0);
  });

  it("does not read the service's tables by a view or a trigger either", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    await copies.done(
      sql("CREATE VIEW keys AS SELECT * FROM _dbaas_keys"),
      sql(
        "CREATE TRIGGER steals AFTER INSERT ON orders BEGIN UPDATE people SET name = (SELECT key FROM _dbaas_keys); END",
      ),
      sql("CREATE TRIGGER forgets AFTER INSERT ON people BEGIN DELETE FROM _dbaas_keys; END"),
    );
    await copies.refused(sql("INSERT INTO people (name) SELECT key FROM keys"), /no table _dbaas_keys/);
    await copies.refused(sql("INSERT INTO orders (item) VALUES ('tea')"), /no table _dbaas_keys/);
    await copies.refused(insertion("orders", ["item"], ["tea"]), /no table _dbaas_keys/);
    await copies.refused(insertion("people", ["name"], ["ada"]), /no table _dbaas_keys/);
  });
});

describe("a table of the manifest whose name SQL has taken", () => {
  it("is refused until the name is free", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    await copies.done(sql("CREATE TABLE taken (id INTEGER PRIMARY KEY)"));
    const adds = {
      tables: [{ name: "taken", columns: [{ name: "id", type: "integer" }], primaryKey: ["id"] }],
    } as const;
    const reasons: string[] = [];
    const chore = { effect: { schema: adds }, onRefused: ({ message }: Error) => reasons.push(message) };
    await copies.commitAfter([chore], insertion("people", ["name"], ["ada"]));
    assert.match(reasons.join(), /already exists/);
    await copies.done(sql("DROP TABLE taken"));
    // In one commit: what the chore adds is the manifest's at once.
    const [refused] = await copies.commitAfter([chore], sql("DROP TABLE taken"));
    assert.match(refused?.message, /is the manifest's/);
    assert.equal(reasons.length, 1);
  });
});

describe("tables that the manifest no longer names", () => {
  const want = { tables: shop.tables.filter(({ name }) => name === "people") };
  const spec = { database: want, requests: { idempotencyMs: 1, timeoutMs: 1 } } as unknown as ManifestSpec;

  it("are dropped by SQL, with their indexes, on every copy, and are made anew when it names them again", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    const chores = new Chores(ledgerOf(copies.master), () => spec, log, 0);
    await copies.done(insertion("orders", ["item"], ["tea"]), insertion("people", ["name"], ["ada"]));
    const drop = sql("DROP TABLE orders");
    // The table buyers refers to it.
    assert.deepEqual(chores.before([drop.shape]), []);
    await copies.refused(drop, /is the manifest's/);
    const both = together(sql("DROP TABLE buyers"), drop);
    await copies.commitAfter(chores.before([both.shape]));
    await copies.done(both);
    assert.deepEqual(
      copies.master.schema.tables.map(({ name }) => name),
      ["people"],
    );
    assert.deepEqual(await copies.rows("SELECT name FROM sqlite_schema WHERE name LIKE '%orders%'"), []);
    await copies.refused(insertion("orders", ["item"], ["tea"]), /orders/, "unknown_table");
    assert.deepEqual(chores.before([sql("DROP TABLE people").shape]), []);
    await copies.refused(sql("DROP TABLE people"), /is the manifest's/);
    await copies.commitAfter([{ effect: { schema: shop }, onRefused: () => assert.fail() }]);
    await copies.done(insertion("orders", ["item"], ["milk"]));
  });

  it("are SQL's from then on, with their rows, where what is to drop them is refused", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    const chores = new Chores(ledgerOf(copies.master), () => spec, log, 0);
    await copies.done(
      sql("CREATE TABLE refers (buyer INTEGER REFERENCES orders (id))"),
      insertion("orders", ["item"], ["tea"]),
      sql("INSERT INTO refers VALUES (1)"),
    );
    const both = together(sql("DROP TABLE buyers"), sql("DROP TABLE orders"));
    await copies.commitAfter(chores.before([both.shape]));
    await copies.refused(both, /FOREIGN KEY/, "constraint_violation");
    assert.deepEqual(await copies.rows("SELECT item FROM orders"), [["tea"]]);
    await copies.done(sql("DELETE FROM refers"), both, sql("DROP TABLE refers"));
  });
});
