// PRAGMA foreign_keys and defer_foreign_keys, as migration tools send them: they hold for their request, and nothing is left broken.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { describe, it } from "node:test";
import { insertion } from "../copies.ts";
import { shop } from "../schemas.ts";
import { sql, TwoCopies, together } from "./two-copies.ts";

async function withAuthors(t: TestContext): Promise<TwoCopies> {
  const copies = await TwoCopies.open(t, shop);
  await copies.done(
    sql("CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT)"),
    sql("CREATE TABLE books (title TEXT, author INTEGER NOT NULL REFERENCES authors ON DELETE CASCADE)"),
    sql("INSERT INTO authors VALUES (1, 'ada'), (2, 'bob')"),
    sql("INSERT INTO books VALUES ('one', 1), ('two', 2)"),
  );
  return copies;
}

/** As Drizzle writes the change of a column. */
const anew = [
  sql("CREATE TABLE __new_authors (id INTEGER PRIMARY KEY, name TEXT NOT NULL)"),
  sql("INSERT INTO __new_authors (id, name) SELECT id, name FROM authors"),
  sql("DROP TABLE authors"),
  sql("ALTER TABLE __new_authors RENAME TO authors"),
];
const off = sql("PRAGMA foreign_keys=OFF;");
const on = sql("PRAGMA foreign_keys=ON;");

describe("references that a request does not heed", () => {
  it("let a table be made anew without its children", async (t) => {
    const copies = await withAuthors(t);
    await copies.done(together(off, ...anew, on));
    assert.deepEqual(await copies.rows("SELECT title, author FROM books"), [
      ["one", 1],
      ["two", 2],
    ]);
    await copies.refused(sql("INSERT INTO books VALUES ('x', 9)"), /FOREIGN KEY/, "constraint_violation");
    await copies.done(sql("DELETE FROM authors WHERE id = 1"));
    assert.deepEqual(await copies.rows("SELECT title FROM books"), [["two"]]);
  });

  it("must lead somewhere when it ends", async (t) => {
    const copies = await withAuthors(t);
    const broken = /a row of books refers to one of authors/;
    const remove = sql("DELETE FROM authors WHERE id = 2");
    await copies.refused(together(off, remove), broken, "constraint_violation");
    await copies.refused(together(off, remove, on), broken, "constraint_violation");
    await copies.done(together(off, remove, sql("DELETE FROM books WHERE author = 2")));
    const [refused, other] = await copies.commit(
      together(off, sql("DELETE FROM authors")),
      sql("INSERT INTO books VALUES ('x', 9)"),
    );
    assert.deepEqual([refused?.code, other?.code], ["constraint_violation", "constraint_violation"]);
    assert.deepEqual(await copies.rows("SELECT title FROM books"), [["one"]]);
  });

  it("are those of row forms as well", async (t) => {
    const copies = await TwoCopies.open(t, shop);
    await copies.done(
      sql("CREATE TABLE notes (name TEXT REFERENCES people ON DELETE CASCADE)"),
      insertion("people", ["name"], ["ada"]),
      sql("INSERT INTO notes VALUES ('ada')"),
    );
    const where = { op: "=", column: "name", param: 0 } as const;
    const remove = { shape: { kind: "delete", table: "people", where }, rows: [["ada"]] } as const;
    await copies.done(together(off, remove, insertion("people", ["name"], ["ada"]), on));
    assert.deepEqual(await copies.rows("SELECT name FROM notes"), [["ada"]]);
  });

  it("may be looked at in the end instead, and do then what they say", async (t) => {
    const copies = await withAuthors(t);
    const note = sql("INSERT INTO books VALUES ('three', 3)");
    const author = sql("INSERT INTO authors VALUES (3, 'eve')");
    await copies.refused(together(note, author), /FOREIGN KEY/, "constraint_violation");
    await copies.done(together(sql("PRAGMA defer_foreign_keys = ON"), note, author));
    await copies.refused(
      together(sql("PRAGMA defer_foreign_keys = ON"), sql("INSERT INTO books VALUES ('x', 9)")),
      /refers to one of authors/,
      "constraint_violation",
    );
    await copies.done(together(sql("PRAGMA defer_foreign_keys(1)"), sql("DELETE FROM authors WHERE id = 3")));
    assert.deepEqual(await copies.rows("SELECT title FROM books"), [["one"], ["two"]]);
  });

  it("are a matter of one request", async (t) => {
    const copies = await withAuthors(t);
    await copies.refused(off, /in `statements`/);
    await copies.refused(sql("PRAGMA main.defer_foreign_keys = true"), /in `statements`/);
    const [answer] = await copies.done(on, sql("PRAGMA defer_foreign_keys = 0"));
    assert.deepEqual(answer, {
      ok: true,
      rowsAffected: 0,
      columns: [],
      rows: [],
      position: answer?.position,
    });
    for (const odd of ["PRAGMA foreign_keys = 2", "PRAGMA foreign_keys = OFF; DELETE FROM books"])
      await copies.refused(sql(odd), /./);
    const [told] = await copies.done(together(off, sql("SELECT 1"), on));
    assert.deepEqual(told?.results.length, 3);
  });
});
