// SQL of one request in few calls: what comes of it is what comes of the same statements one by one, on the master and on a copy.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Transaction, WriteShape, WriteStatement } from "../../../../core/messages/statement.ts";
import { listLimits } from "../../../../worker/sql/run-list.ts";
import { paramsText } from "../../../../worker/sql/run-sql.ts";
import { ListedParts } from "../../../../worker/write/listed-parts.ts";
import { contentsOf, withUndoing } from "../copies.ts";
import { assertFew, definitions, Followed, sql, statement } from "./followed.ts";

type Statement = WriteStatement & { readonly expect?: number };

const parts = (statements: readonly Statement[]) =>
  statements.map(({ shape, expect }) => ({ shape, rows: 1, ...(expect === undefined ? {} : { expect }) }));

const request = (statements: readonly Statement[], transaction?: Transaction): WriteStatement => ({
  shape: { kind: "batch", parts: parts(statements), ...(transaction && { transaction }) } as WriteShape,
  rows: statements.map(({ rows }) => rows[0] ?? []),
});

const isOff = ({ shape }: WriteStatement): boolean =>
  shape.kind === "sql" && shape.sql === "PRAGMA foreign_keys = off";

/** Between two of them stands what changes nothing, and is by itself: so each is. */
const apart = (statements: readonly Statement[]): WriteStatement =>
  request(
    statements.flatMap((one, i) => [
      one,
      sql(`PRAGMA foreign_keys = ${statements.slice(0, i + 1).some(isOff) ? "off" : "on"}`),
    ]),
  );

const transaction: Transaction = { atMs: Date.UTC(2026, 0, 2, 3, 4, 5), seed: "one" };
const ways = { "db/write": undefined, "a transaction of libSQL": transaction };

/** As if the others of `apart` were not there. */
function cleaned(answers: readonly Record<string, unknown>[]) {
  return answers.map(({ results, field, ...rest }) => ({
    ...rest,
    results: Array.isArray(results) ? results.filter((_, i) => i % 2 === 0) : undefined,
    field: String(field).replace(/statements\[(\d+)\]/, (_, index) => `statements[${index / 2}]`),
  }));
}

/** What a master holds, but for the answers that it keeps. */
async function keptBy({ master }: Followed) {
  const contents = (await contentsOf(master)) as Readonly<Record<string, unknown>>;
  return { ...contents, keys: undefined };
}

const requests = fc.array(fc.array(statement, { minLength: 1, maxLength: 10 }), {
  minLength: 1,
  maxLength: 5,
});

/** Two masters with the same tables. */
const compared = (
  ask: (listed: Followed, alone: Followed, statements: readonly WriteStatement[]) => Promise<void>,
) =>
  fc.assert(
    fc.asyncProperty(requests, (commits) =>
      withUndoing(async (undoing) => {
        const [listed, alone] = [await Followed.open(undoing), await Followed.open(undoing)];
        for (const one of [listed, alone]) {
          await one.commit(...definitions);
          // What is behind one that is refused has been given chance already, in vain.
          one.sameSeed = true;
        }
        for (const statements of commits) await ask(listed, alone, statements);
        assert.deepEqual(await keptBy(listed), await keptBy(alone));
      }),
    ),
    { numRuns: 20 },
  );

describe("SQL of one request in few calls", () => {
  it("is answered, recorded and kept as if each statement were carried out by itself", () =>
    compared(async (listed, alone, statements) => {
      const same = statements.flatMap((one) => [one, sql("SELECT 1")]);
      const results = await listed.commit(request(same));
      assert.deepEqual(cleaned(results), cleaned(await alone.commit(apart(statements))));
      assert.deepEqual(listed.last?.effects, alone.last?.effects);
    }));

  it("is answered, recorded and kept in a transaction of libSQL as with one call for each statement", () =>
    compared(async (listed, alone, statements) => {
      Object.defineProperty(alone.master.writer, "callMs", { value: 0 });
      const results = await listed.commit(request(statements, transaction));
      assert.deepEqual(results, await alone.commit(request(statements, transaction)));
      assert.deepEqual(listed.last, alone.last);
    }));

  it("takes few calls, in db/write and in a transaction of libSQL", async (t) => {
    for (const way of Object.values(ways)) {
      const followed = await Followed.open(t);
      const texts = Array.from({ length: 120 }, (_, i) =>
        sql(`INSERT INTO orders (item) VALUES (? || ${i})`, "x"),
      );
      const [answer] = await followed.commit(request(texts, way));
      assert.equal(answer.rowsAffected, 120);
      assertFew(followed);
    }
  });

  it("asks for no more statements than fit into a call, whether their text is long or their parameters", async (t) => {
    const { writer } = (await Followed.open(t)).master;
    const long = 100_000;
    const ofParams = { sql: "SELECT ?", params: paramsText(["x".repeat(long)], undefined) };
    const ofText = (i: number) => ({ sql: `SELECT ${i} -- ${"x".repeat(long)}`, params: "" });
    for (const at of [() => ofParams, ofText]) {
      let asked = 0;
      const parts = new ListedParts(writer, (i) => {
        asked += 1;
        return { ...at(i), atMs: 1, seed: "s", isLast: false };
      });
      await parts.take(0, long * 2);
      assert.equal(asked, Math.ceil(listLimits.charactersEnough / long));
    }
  });

  it("begins nothing behind a statement that changes another number of rows than it is to", async (t) => {
    const followed = await Followed.open(t);
    const [answer] = await followed.commit(
      request([
        sql("INSERT INTO people (name) VALUES ('ada')"),
        { ...sql("UPDATE people SET age = 1"), expect: 2 },
        sql("INSERT INTO nowhere VALUES (1)"),
      ]),
    );
    assert.deepEqual([answer.code, answer.field], ["unexpected_result", "statements[1].expect.rowsAffected"]);
    assert.equal(followed.calls.master, 1);
    assert.deepEqual(await followed.master.writer.all("SELECT name FROM people"), []);
  });

  it("bounds what all of them answer together", async (t) => {
    const followed = await Followed.open(t);
    const large = sql("INSERT INTO orders (item) VALUES (printf('%.*c', 400000, 'x')) RETURNING item");
    const [answer] = await followed.commit(request([large, large, large]));
    assert.deepEqual(
      [answer.code, answer.field, answer.sqlite],
      ["too_large", "statements[2].sql", "SQLITE_TOOBIG"],
    );
    assert.deepEqual(await followed.master.writer.all("SELECT id FROM orders"), []);
  });

  it("is undone as a whole when one of them may not go on", async (t) => {
    const endless =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO people (name) SELECT max(i) FROM n";
    for (const way of Object.values(ways)) {
      const followed = await Followed.open(t);
      const outcomes = await followed.outcomes(
        [
          request(
            [sql("INSERT INTO people (name) VALUES ('ada')"), sql(endless), sql("DELETE FROM people")],
            way,
          ),
          sql("INSERT INTO people (name) VALUES ('eve')"),
        ],
        {
          budgetMs: Number.POSITIVE_INFINITY,
          mayGoOn: ({ shape }, ranMs) => shape.kind === "sql" || ranMs < 50,
        },
      );
      assert.equal(outcomes[0], "tooLong");
      const names = await followed.master.writer.all("SELECT name FROM people");
      assert.ok(
        names.every(({ name }) => name === "eve"),
        JSON.stringify(names),
      );
    }
  });
});
