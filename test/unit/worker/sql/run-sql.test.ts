// SQL of clients on a real connection: what it gives, and where its time and chance come from.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Refusal } from "../../../../core/errors.ts";
import { type Param, statementLimits } from "../../../../core/messages/statement.ts";
import { LostTransactionError, runSql, runSqlGroup, type SqlCall } from "../../../../worker/sql/run-sql.ts";
import { atMs, call, refused, sqlOnACopy } from "./sql-on-a-copy.ts";

const { store, run, row, write } = sqlOnACopy();

describe("the values of an answer", () => {
  it("are those that SQLite has, digit by digit", async () => {
    const result = await runSql(
      store().writer,
      {
        kind: "sql",
        sql: "SELECT 9223372036854775807, -9223372036854775807 - 1, 0.1 + 0.2, 1.0, -0.0, 1e308 * 10, 5e-324, x'00ff', NULL",
      },
      [],
      call,
    );
    assert.match(
      result.text,
      /"rows":\[\[9223372036854775807,-9223372036854775808,0\.30000000000000004,1\.0,(-?0\.0),9\.0e\+999,4\.94065645841247e-324,\{"base64":"AP8="\},null\]\]$/,
    );
  });

  it("keep every double and every text, and are JSON whatever bytes a text has", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.string({ unit: "grapheme" }),
        async (double, text) => {
          const seen = await row("SELECT ?, ?", [["real", String(double)], text]);
          assert.deepEqual(seen, [Object.is(double, -0) ? seen[0] : double, text]);
          assert.ok(seen[0] === double);
        },
      ),
      { numRuns: 300 },
    );
    assert.deepEqual(await row("SELECT CAST(x'61ff62c0' AS TEXT), CAST(x'eda080' AS TEXT)"), [
      "a\ufffdb\ufffd",
      "\ufffd\ufffd\ufffd",
    ]);
    assert.deepEqual(await row("SELECT ? || char(0) || ?", ["a\n\0", '\u2028"']), ['a\n\0\0\u2028"']);
  });

  it("stand under their columns, also where two have one name and where there are no rows", async () => {
    const { columns, rows } = await run("SELECT name, age AS name, 1 FROM people WHERE false");
    assert.deepEqual(rows, []);
    assert.deepEqual(columns, [
      { name: "name", type: "TEXT" },
      { name: "name", type: "INTEGER" },
      { name: "1", type: null },
    ]);
  });
});

describe("parameters", () => {
  it("arrive with their types", async () => {
    const params: readonly Param[] = [
      "x",
      1,
      1.5,
      true,
      null,
      ["integer", "9007199254740993"],
      ["real", "1"],
      ["blob", "AP8="],
    ];
    const types = params.map((_, i) => `typeof(?${i + 1})`).join();
    assert.deepEqual(await row(`SELECT ${types}, ?6, ?8`, params), [
      "text",
      "integer",
      "real",
      "integer",
      "null",
      "integer",
      "real",
      "blob",
      9007199254740992, // as JSON.parse reads it
      { base64: "AP8=" },
    ]);
  });

  it("are found by their names", async () => {
    const shape = { kind: "sql", sql: "SELECT :a - @b - $c - :a", names: ["a", "b", "c"] } as const;
    const { text } = await runSql(store().writer, shape, [9, 2, 1], call);
    assert.match(text, /"rows":\[\[-3\]\]/);
    const unknown = { ...shape, names: ["a", "b", "d"] };
    await refused(
      runSql(store().writer, unknown, [9, 2, 1], call),
      "bad_request",
      "SQLITE_RANGE",
      /no parameter d/,
    );
  });

  it("are as many as the statement has", async () => {
    await refused(
      run("SELECT ?, ?", [1]),
      "bad_request",
      "SQLITE_RANGE",
      /has 2 parameters, and 1 are given/,
    );
    await refused(run("SELECT 1", [1]), "bad_request", "SQLITE_RANGE", /has 0 parameters, and 1 are given/);
  });

  it("may be patterns of so many bytes as the refusal says", async () => {
    const tooLong = (bytes: number, more: Partial<SqlCall>) =>
      refused(
        run("SELECT 'b' LIKE ?", ["a".repeat(bytes + 1)], more),
        "bad_request",
        "SQLITE_ERROR",
        new RegExp(`pattern too complex: at most ${bytes} bytes here$`),
      );
    await tooLong(statementLimits.writtenPatternBytesMax, {});
    await tooLong(statementLimits.patternBytesMax, { longPatterns: true });
  });

  it("make of one statement the answers of a group", async () => {
    const shape = { kind: "sql", sql: "SELECT ? || '!'" } as const;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 5 }),
        async (texts) => {
          const group = texts.map((text) => [text]);
          const results = await runSqlGroup(store().writer, shape, group, call);
          assert.deepEqual(
            results.map(({ text }) => JSON.parse(`{${text}}`).rows),
            texts.map((text) => [[`${text}!`]]),
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("time and chance", () => {
  const everyNow =
    "SELECT CURRENT_TIMESTAMP, CURRENT_DATE, CURRENT_TIME, datetime('now'), date(), strftime('%f'), unixepoch('now', 'subsec'), julianday('now')";

  it("are those of the call, in every function", async () => {
    const seen = await row(everyNow);
    assert.deepEqual(seen.slice(0, 7), [
      "2026-01-02 03:04:05",
      "2026-01-02",
      "03:04:05",
      "2026-01-02 03:04:05",
      "2026-01-02",
      "05.678",
      atMs / 1_000,
    ]);
    assert.deepEqual(await row(everyNow), seen);
  });

  it("come from the seed: equal ones give the same, others something else", async () => {
    const chance = "SELECT random(), random(), hex(randomblob(70)), abs(random() % 10) < 10";
    const [one, same, other] = await Promise.all(["a", "a", "b"].map((seed) => write(chance, [], seed)));
    assert.deepEqual(one?.rows, same?.rows);
    assert.notDeepEqual(one?.rows, other?.rows);
    assert.notEqual(one?.rows[0][0], one?.rows[0][1]);
    assert.equal(one?.rows[0][2].length, 140);
    assert.deepEqual([one?.usedChance, (await write("SELECT 1")).usedChance], [true, false]);
  });

  it("a write whose record has no seed finds none", async () => {
    await refused(run("SELECT random()", [], { mayWrite: true }), "bad_request", "SQLITE_ERROR", /no seed/);
  });

  it("are the machine's own outside of a client's SQL", async () => {
    const [own] = await store().writer.all("SELECT unixepoch() AS at, random() AS one, random() AS two");
    assert.ok(Math.abs(Number(own?.at) - Date.now() / 1_000) < 60);
    assert.notEqual(own?.one, own?.two);
  });
});

describe("errors", () => {
  it("have SQLite's names, and the service's codes", async () => {
    await write("INSERT INTO people (name, mail) VALUES ('ada', 'a@x')");
    await refused(
      write("INSERT INTO people (name) VALUES ('ada')"),
      "constraint_violation",
      "SQLITE_CONSTRAINT_PRIMARYKEY",
      /people\.name/,
    );
    await refused(
      write("INSERT INTO people (name, mail) VALUES ('bob', 'a@x')"),
      "constraint_violation",
      "SQLITE_CONSTRAINT_UNIQUE",
      /people\.mail/,
    );
    await refused(
      write("INSERT INTO people (name, age) VALUES ('bob', 'old')"),
      "bad_request",
      "SQLITE_CONSTRAINT_DATATYPE",
      /age/,
    );
    await refused(
      write("INSERT INTO buyers VALUES (99, 'nobody')"),
      "constraint_violation",
      "SQLITE_CONSTRAINT_FOREIGNKEY",
      /FOREIGN KEY/,
    );
    await refused(run("SELEC 1"), "bad_request", "SQLITE_ERROR", /syntax error/);
    await refused(run("SELECT * FROM nowhere"), "bad_request", "SQLITE_ERROR", /no such table/);
    await refused(run("SELECT abs(-9223372036854775808)"), "bad_request", "SQLITE_ERROR", /overflow/);
  });

  it("say when they took the transaction with them", async () => {
    await store().writer.exec("BEGIN");
    await assert.rejects(write("INSERT OR ROLLBACK INTO people (name) VALUES ('ada')"), (error: unknown) => {
      assert.ok(error instanceof LostTransactionError);
      assert.ok(error.cause instanceof Refusal && error.cause.code === "constraint_violation");
      return true;
    });
  });
});

it("a write tells what it changed", async () => {
  const inserted = await write("INSERT INTO orders (item) VALUES ('tea'), ('milk') RETURNING id, item");
  const { rowsAffected, lastInsertRowid, rows, readonly } = inserted;
  assert.deepEqual([rowsAffected, lastInsertRowid, readonly], [2, "2", false]);
  assert.deepEqual(rows, [
    [1, "tea"],
    [2, "milk"],
  ]);
  const updated = await write("UPDATE orders SET item = item || '!' WHERE id < ?", [9]);
  assert.deepEqual([updated.rowsAffected, updated.lastInsertRowid, updated.columns], [2, undefined, []]);
  const nothing = await write("DELETE FROM orders WHERE id = 99");
  assert.deepEqual([nothing.rowsAffected, nothing.readonly], [0, false]);
  assert.deepEqual([(await write("SELECT 1")).rowsAffected, (await write("SELECT 1")).readonly], [0, true]);
});
