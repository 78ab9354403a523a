// Row forms beside what SQL of clients has made: its triggers go off with them as with SQL, kept to the same, the same on every copy.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { insertion } from "../copies.ts";
import { shop } from "../schemas.ts";
import { atMs, sql, TwoCopies, together } from "./two-copies.ts";

const noted =
  "INSERT INTO notes (what, at, chance) VALUES (new.name || coalesce(new.age, ''), datetime(), random())";

async function withNotes(t: Parameters<typeof TwoCopies.open>[0]): Promise<TwoCopies> {
  const copies = await TwoCopies.open(t, shop);
  await copies.done(
    sql("CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT, at TEXT, chance INTEGER)"),
    sql(`CREATE TRIGGER inserted AFTER INSERT ON people BEGIN ${noted}; END`),
    sql(`CREATE TRIGGER updated AFTER UPDATE ON people BEGIN ${noted}; END`),
    sql(`CREATE TRIGGER deleted BEFORE DELETE ON people BEGIN ${noted.replaceAll("new.", "old.")}; END`),
  );
  return copies;
}

const where = { op: "=", column: "name", param: 0 } as const;

describe("a row form that sets off a trigger", () => {
  it("has the time and chance of its record, on every copy", async (t) => {
    const copies = await withNotes(t);
    const results = await copies.done(
      insertion("people", ["name"], ["ada"]),
      insertion("people", ["name"], ["bob"], ["cleo"]),
      {
        shape: { kind: "insert", table: "people", columns: ["name", "age"], onConflict: "update" },
        rows: [["bob", 3]],
      },
      {
        shape: { kind: "update", table: "people", set: ["age"], where: { ...where, param: 1 } },
        rows: [[4, "ada"]],
      },
      { shape: { kind: "delete", table: "people", where }, rows: [["cleo"]] },
      insertion("orders", ["item"], ["tea"], ["milk"]),
    );
    assert.deepEqual(
      results.map(({ rowsAffected, ids }) => [rowsAffected, ids]),
      [
        [1, undefined],
        [2, undefined],
        [1, undefined],
        [1, undefined],
        [1, undefined],
        [2, [1, 2]],
      ],
    );
    const notes = await copies.rows("SELECT what, at FROM notes");
    const at = new Date(atMs).toISOString().slice(0, 19).replace("T", " ");
    assert.deepEqual(
      notes,
      ["ada", "bob", "cleo", "bob3", "ada4", "cleo"].map((what) => [what, at]),
    );
    assert.deepEqual(await copies.rows("SELECT count(DISTINCT chance) FROM notes"), [[6]]);
    const seeds = copies.last?.effects.map((effect) => "seen" in effect && effect.seen?.seed !== undefined);
    assert.deepEqual(seeds, [true, true, true, true, true, false]);
  });

  it("does so already in the commit that makes the trigger, and is as before when that was undone", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    const create = sql(
      "CREATE TRIGGER mine AFTER INSERT ON people BEGIN INSERT INTO orders (item) VALUES (random()); END",
    );
    await copies.done(create, insertion("people", ["name"], ["ada"]), sql("DROP TRIGGER mine"));
    await copies.commit(
      together(create, insertion("nowhere", ["a"], [1])),
      insertion("people", ["name"], ["bob"]),
      insertion("people", ["name"], ["cleo"]),
    );
    await copies.done(insertion("people", ["name"], ["dan"]), insertion("people", ["name"], ["eve"]));
    const [all, ...others] = copies.last?.effects ?? [];
    assert.deepEqual([others.length, all !== undefined && "rows" in all && all.rows.length], [0, 2]);
    assert.deepEqual(await copies.rows("SELECT count(*) FROM orders"), [[1]]);
  });

  it("is refused as the trigger says, and harms no other", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    for (const [name, action] of [
      ["abort", "RAISE(ABORT, 'not this one')"],
      ["rollback", "RAISE(ROLLBACK, 'nor this')"],
      ["fail", "RAISE(FAIL, 'nor that')"],
      ["ignore", "RAISE(IGNORE)"],
    ])
      await copies.done(
        sql(
          `CREATE TRIGGER ${name} BEFORE INSERT ON people WHEN new.name = '${name}' BEGIN SELECT ${action}; END`,
        ),
      );
    const results = await copies.commit(
      ...["ada", "abort", "rollback", "fail", "ignore", "bob"].map((name) =>
        insertion("people", ["name"], [name]),
      ),
    );
    assert.deepEqual(
      results.map(({ ok, message, field, rowsAffected }) => [ok, message ?? rowsAffected, field]),
      [
        [true, 1, undefined],
        [false, "not this one", undefined],
        [false, "nor this", undefined],
        [false, "nor that", undefined],
        [true, 0, undefined],
        [true, 1, undefined],
      ],
    );
    assert.deepEqual(await copies.rows("SELECT name FROM people"), [["ada"], ["bob"]]);
  });

  it("takes more rows in one request than SQL may have in one value", async (t) => {
    const copies = await withNotes(t);
    const rows = Array.from({ length: 20_000 }, (_, i) => [`${i} ${"x".repeat(80)}`]);
    await copies.done(insertion("people", ["name"], ...rows));
    assert.deepEqual(await copies.rows("SELECT count(*) FROM notes"), [[20_000]]);
  });

  it("runs where a table hides the function that it calls", async (t) => {
    const hiding = {
      name: "json_each",
      columns: [{ name: "a", type: "integer" }],
      primaryKey: ["a"],
    } as const;
    const copies = await TwoCopies.open(t, { tables: [...shop.tables, hiding] });
    await copies.done(
      sql(
        "CREATE TRIGGER mine AFTER INSERT ON json_each BEGIN INSERT INTO orders (item) VALUES (random()); END",
      ),
      insertion("json_each", ["a"], [1], [2]),
    );
    assert.deepEqual(await copies.rows("SELECT count(*) FROM orders"), [[2]]);
  });
});

describe("rows of tables that SQL has made", () => {
  it("go with those of the manifest's tables, and set off triggers", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    await copies.done(
      sql("CREATE TABLE notes (id INTEGER PRIMARY KEY, name TEXT REFERENCES people ON DELETE CASCADE)"),
      sql("CREATE TABLE log (what TEXT, at INTEGER DEFAULT (unixepoch()), chance DEFAULT (random()))"),
      sql("CREATE TRIGGER logs AFTER DELETE ON notes BEGIN INSERT INTO log (what) VALUES (old.name); END"),
      insertion("people", ["name"], ["ada"], ["bob"]),
      sql("INSERT INTO notes (name) VALUES ('ada'), ('ada'), ('bob')"),
      { shape: { kind: "delete", table: "people", where }, rows: [["ada"]] },
    );
    assert.deepEqual(await copies.rows("SELECT what, at FROM log"), [
      ["ada", atMs / 1_000],
      ["ada", atMs / 1_000],
    ]);
  });

  it("refer to one that is there at the end of their request, if not before", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    const note = sql("INSERT INTO notes (name) VALUES ('ada')");
    const person = insertion("people", ["name"], ["ada"]);
    await copies.done(
      sql("CREATE TABLE notes (name TEXT REFERENCES people DEFERRABLE INITIALLY DEFERRED)"),
      together(note, person),
    );
    const remove = { shape: { kind: "delete", table: "people", where }, rows: [["ada"]] } as const;
    for (const statement of [remove, sql("DELETE FROM people"), sql("INSERT INTO notes VALUES ('bob')")])
      await copies.refused(statement, /FOREIGN KEY constraint failed/, "constraint_violation");
    const [refused, fine] = await copies.commit(
      together(remove, note),
      insertion("people", ["name"], ["eve"]),
    );
    assert.deepEqual([refused?.code, fine?.ok], ["constraint_violation", true]);
    await copies.done(together(sql("DELETE FROM people WHERE name = 'ada'"), sql("DELETE FROM notes")));
  });

  it("are cleared with all others, whatever refers to what, and no trigger goes off", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    await copies.done(
      sql("CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, b INTEGER REFERENCES b ON DELETE RESTRICT)"),
      sql("CREATE TABLE b (id INTEGER PRIMARY KEY, name TEXT REFERENCES people ON DELETE RESTRICT)"),
      sql("CREATE TABLE log (what TEXT)"),
      sql("CREATE TRIGGER logs AFTER DELETE ON people BEGIN INSERT INTO log (what) VALUES (old.name); END"),
      insertion("people", ["name"], ["ada"]),
      sql("INSERT INTO b VALUES (1, 'ada')"),
      sql("INSERT INTO a (b) VALUES (1)"),
      sql("INSERT INTO log VALUES ('x')"),
    );
    await copies.done({ shape: { kind: "clear" }, rows: [[]] });
    assert.deepEqual(
      await copies.rows(
        "SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b), (SELECT count(*) FROM log)",
      ),
      [[0, 0, 0]],
    );
    await copies.done(
      insertion("people", ["name"], ["ada"]),
      { shape: { kind: "delete", table: "people", where }, rows: [["ada"]] },
      sql("INSERT INTO a (b) VALUES (NULL)"),
    );
    assert.deepEqual(await copies.rows("SELECT id, (SELECT count(*) FROM log) FROM a"), [[2, 1]]);
  });

  it("leave row forms that nothing can come of as they are", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    await copies.done(
      sql("CREATE TABLE notes (a INTEGER REFERENCES notes)"),
      sql("CREATE INDEX mine ON people (age)"),
    );
    await copies.done(insertion("people", ["name"], ["ada"]), insertion("people", ["name"], ["bob"]));
    const [all] = copies.last?.effects ?? [];
    assert.ok(all !== undefined && "shape" in all && all.seen === undefined && all.rows.length === 2);
  });
});
