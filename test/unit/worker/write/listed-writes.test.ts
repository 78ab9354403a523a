// SQL of several requests in one call: what comes of it is what comes of the same statements one by one, on the master and on a copy.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { SqlShape, WriteShape, WriteStatement } from "../../../../core/messages/statement.ts";
import { listLimits } from "../../../../worker/sql/run-list.ts";
import { runs } from "../../../support/runs.ts";
import { contentsOf, withUndoing } from "../copies.ts";
import { assertFew, definitions, Followed, rolling, sql, statement } from "./followed.ts";

/** The same, in a form that is carried out by itself. */
const byItself = ({ shape, rows }: WriteStatement): WriteStatement => ({
  shape: { kind: "batch", lone: true, parts: [{ shape: shape as SqlShape, rows: 1 }] },
  rows,
});

describe("SQL of several requests in one call", () => {
  it("is answered, recorded and kept as if each statement were carried out by itself", async () => {
    const lists = fc.array(fc.array(statement, { minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(lists, async (commits) => {
        await withUndoing(async (undoing) => {
          const [listed, alone] = [await Followed.open(undoing), await Followed.open(undoing)];
          for (const one of [listed, alone]) {
            await one.commit(...definitions);
            // What is behind one that takes the transaction with it has been given chance already, in vain.
            one.sameSeed = commits.flat().some(({ shape }) => "sql" in shape && shape.sql === rolling);
          }
          for (const statements of commits) {
            const results = await listed.commit(...statements);
            assert.deepEqual(results, await alone.commit(...statements.map(byItself)));
            assert.deepEqual(listed.last, alone.last);
          }
          assert.deepEqual(await contentsOf(listed.master), await contentsOf(alone.master));
        });
      }),
      { numRuns: runs(60) },
    );
  });

  it("takes few calls, whatever their texts are", async (t) => {
    const followed = await Followed.open(t);
    const texts = Array.from({ length: 60 }, (_, i) =>
      sql(`INSERT INTO orders (item) VALUES (? || ${i % 30})`, "x"),
    );
    const results = await followed.commit(...texts, ...texts);
    assert.deepEqual(
      results.map(({ lastInsertRowid }) => lastInsertRowid),
      results.map((_, i) => i + 1),
    );
    assertFew(followed);
  });

  it("takes a further call behind as many statements, and as much text, as one may have", async (t) => {
    const followed = await Followed.open(t);
    const many = Array.from({ length: listLimits.statementsMax + 1 }, (_, i) =>
      sql("INSERT INTO people (name) VALUES (?)", `p${i}`),
    );
    assert.ok((await followed.commit(...many)).every(({ ok }) => ok));
    assert.ok(followed.calls.master > 1 && followed.calls.slave > 1);
    assertFew(followed);
    const large = "x".repeat(listLimits.charactersEnough / 4);
    const answers = await followed.commit(
      ...Array.from({ length: 12 }, () => sql("INSERT INTO orders (item) VALUES (?) RETURNING item", large)),
    );
    assert.ok(answers.every(({ rows }) => rows[0][0] === large));
    assert.ok(followed.calls.master > 4, "all of it came at once");
  });

  it("counts the size of the record, in which each has its text", async (t) => {
    const followed = await Followed.open(t);
    const shape: WriteShape = {
      kind: "sql",
      sql: `INSERT INTO orders (item) VALUES (?) /* ${"x".repeat(90_000)} */`,
    };
    const outcomes = await followed.outcomes(Array.from({ length: 200 }, () => ({ shape, rows: [["x"]] })));
    const done = outcomes.filter((outcome) => outcome !== "left").length;
    assert.ok(done > 40 && done < 70, String(done));
    assert.equal(outcomes.indexOf("left"), done);
  });

  it("names the one that may not go on: those before it are done, and those behind it are left", async (t) => {
    const followed = await Followed.open(t);
    const endless =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO people (name) SELECT max(i) FROM n";
    const outcomes = await followed.outcomes(
      [
        sql("INSERT INTO people (name) VALUES ('ada')"),
        sql("INSERT INTO people (name) VALUES ('ada')"),
        sql("INSERT INTO people (name) VALUES ('bob')"),
        sql(endless),
        sql("INSERT INTO people (name) VALUES ('eve')"),
      ],
      { budgetMs: Number.POSITIVE_INFINITY, mayGoOn: (_, ranMs) => ranMs < 50 },
    );
    assert.deepEqual(
      outcomes.map((outcome) => (typeof outcome === "string" ? outcome : outcome.ok)),
      [true, false, true, "tooLong", "left"],
    );
    assert.deepEqual(
      (await followed.master.writer.all("SELECT name FROM people")).map(({ name }) => name),
      ["ada", "bob"],
    );
  });

  it("keeps none waiting for others that take their time: what the commit has no time for is left", async (t) => {
    const followed = await Followed.open(t);
    const slow =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) INSERT INTO orders (item) SELECT max(i) FROM n";
    const outcomes = await followed.outcomes(
      Array.from({ length: 200 }, () => sql(slow)),
      { budgetMs: 50, mayGoOn: () => true },
    );
    const done = outcomes.filter((outcome) => outcome !== "left").length;
    assert.ok(done > 0 && done < 100, String(done));
    assert.equal(outcomes.indexOf("left"), done);
  });
});
