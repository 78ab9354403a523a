// Savepoints of a client's transaction: what they undo is no effect, and what is left is what SQLite itself leaves, on every copy.
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import type { SavepointPart, TransactionPart, WriteStatement } from "../../../../core/messages/statement.ts";
import { runs } from "../../../support/runs.ts";
import { TwoCopies } from "./two-copies.ts";

type Does = SavepointPart["shape"]["does"];
type Step = string | { readonly does: Does; readonly depth: number };

const isDefinition = /^(?:CREATE|ALTER|DROP)/;

const partOf = (step: Step): TransactionPart => {
  if (typeof step !== "string") return { shape: { kind: "savepoint", ...step }, rows: 1 };
  return {
    shape: { kind: "sql", sql: step, ...(isDefinition.test(step) ? { schema: true } : {}) },
    rows: 1,
  };
};

let made = 0;
function transaction(steps: readonly Step[]): WriteStatement {
  made += 1;
  return {
    shape: { kind: "batch", parts: steps.map(partOf), transaction: { atMs: 77, seed: `s${made}` } },
    rows: steps.map(() => []),
  };
}

const sqlOf = (step: Step): string => {
  if (typeof step === "string") return step;
  return {
    set: `SAVEPOINT d${step.depth}`,
    release: `RELEASE d${step.depth}`,
    undo: `ROLLBACK TO d${step.depth}`,
  }[step.does];
};

const set = (depth: number): Step => ({ does: "set", depth });
const undo = (depth: number): Step => ({ does: "undo", depth });

const schema = "CREATE TABLE item (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER)";
const contents = "SELECT id, n FROM item ORDER BY id";
const open = async (t: TestContext) => {
  const copies = await TwoCopies.open(t, { tables: [] });
  await copies.done({ shape: { kind: "sql", sql: schema, schema: true }, rows: [[]] });
  return copies;
};

describe("savepoints of a transaction", () => {
  it("undo rows, counted keys, tables and references; none of that stands in the record", async (t) => {
    const copies = await open(t);
    const insert = "INSERT INTO item (n) VALUES (random())";
    await copies.done(
      transaction([
        insert,
        set(0),
        insert,
        "CREATE TABLE more (a)",
        set(1),
        "DELETE FROM item",
        undo(0),
        insert,
      ]),
    );
    assert.deepEqual(
      copies.last?.effects.map((effect) => "rows" in effect && effect.rows.length),
      [1, 1],
    );
    const ids = (await copies.master.writer.all(contents)).map(({ id }) => id);
    assert.deepEqual(ids, [1, 2]);
  });

  it("that are not there are refused, with all of the transaction undone", async (t) => {
    const copies = await open(t);
    for (const steps of [[undo(0)], [set(1)], [set(0), { does: "release", depth: 0 } as const, undo(0)]]) {
      const [result] = await copies.commit(transaction(["INSERT INTO item (n) VALUES (1)", ...steps]));
      assert.equal(result?.ok, false);
    }
    assert.deepEqual(await copies.master.writer.all(contents), []);
  });

  it("leave what SQLite leaves", async (t) => {
    const copies = await open(t);
    const reference = new DatabaseSync(":memory:");
    t.after(() => reference.close());
    reference.exec(schema);
    const statement = fc
      .nat(9)
      .chain((n) =>
        fc.constantFrom(
          `INSERT INTO item (n) VALUES (${n}), (${n + 1})`,
          `UPDATE item SET n = n + 1 WHERE n = ${n}`,
          `DELETE FROM item WHERE n > ${n}`,
        ),
      );
    const moves = fc.array(
      fc.oneof(statement, fc.record({ does: fc.constantFrom<Does>("set", "release", "undo"), at: fc.nat() })),
      { maxLength: 14 },
    );
    await fc.assert(
      fc.asyncProperty(moves, async (all) => {
        let depths = 0;
        const steps: Step[] = [];
        for (const move of all) {
          if (typeof move === "string") steps.push(move);
          else if (move.does === "set") steps.push(set(depths++));
          else if (depths > 0) {
            const depth = move.at % depths;
            depths = move.does === "undo" ? depth + 1 : depth;
            steps.push({ does: move.does, depth });
          }
        }
        await copies.done(transaction(steps));
        for (const sql of ["BEGIN", ...steps.map(sqlOf), "COMMIT"]) reference.exec(sql);
        assert.deepEqual(
          await copies.master.writer.all(contents),
          reference
            .prepare(contents)
            .all()
            .map((row) => ({ ...row })),
        );
      }),
      { numRuns: runs(100) },
    );
  });
});
