// Conditions as clients write them, through the parser and the worker, against SQLite's own answer to the same condition.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseRead } from "../../../api/requests/read-request.ts";
import { parseWrite } from "../../../api/requests/write-request.ts";
import { Refusal } from "../../../core/errors.ts";
import type { Param } from "../../../core/messages/statement.ts";
import { writeRows } from "../../../worker/copy/effects.ts";
import type { Store } from "../../../worker/copy/store.ts";
import { answerReads } from "../../../worker/read/answer-reads.ts";
import type { TableShape } from "../../../worker/sql/shape-sql.ts";
import { runs } from "../../support/runs.ts";
import {
  asked,
  columns,
  hasMisfit,
  inQuotes,
  meant,
  mixed,
  numericTexts,
  oneOf,
  texts,
  tree,
  types,
  written,
} from "./conditions.ts";
import { openCopy, replying } from "./copies.ts";

const row = fc.record({
  t: fc.option(oneOf(texts)),
  t2: fc.option(oneOf(texts)),
  i: fc.option(fc.constantFrom(-1, 0, 1, 5, 10, "9007199254740993")),
  j: fc.option(fc.constantFrom(-1, 0, 1, 5)),
  r: fc.option(fc.constantFrom(-1, 0, 0.30000000000000004, 0.5, 1.5, 5, 10)),
  b: fc.option(fc.boolean()),
});

async function fill(store: Store, rows: readonly (typeof row extends fc.Arbitrary<infer T> ? T : never)[]) {
  const shape: TableShape = { kind: "insert", table: "mixed", columns };
  await store.writer.exec("DELETE FROM mixed");
  const values = rows.map(({ t, t2, i, j, r, b }, key): readonly Param[] => [`k${key}`, t, t2, i, j, r, b]);
  const fit = store.compiled.fitWrite(shape, values);
  await writeRows(store.writer, store.compiled, shape, fit.rows);
}

const limits = { queryMs: 5_000, freshWithinMs: 100, answerWithinMs: 60_000 };

/** The keys that a read finds, or the refusal's code. */
async function found(store: Store, where: unknown): Promise<unknown> {
  const { shape, params } = parseRead({ table: "mixed", columns: ["key"], where, orderBy: "key" });
  const items = [{ index: 0, shape: 0, params }];
  const answers: string[] = [];
  const asking = { v: 1, deadlineMs: Date.now() + 60_000, attempt: 1, shapes: [shape], items } as const;
  const reply = replying((some) => answers.push(...some.map(({ body }) => body.toString())));
  await answerReads(store, asking, limits, reply);
  assert.equal(answers.length, 1);
  const answer: unknown = JSON.parse(answers[0] ?? "");
  return Array.isArray(answer)
    ? answer.map(({ key }: { key: string }) => key)
    : (answer as { code: string }).code;
}

/** How many rows a delete takes, which is undone, or the refusal's code. */
async function deleted(store: Store, where: unknown): Promise<unknown> {
  const { shape, rows } = parseWrite({ op: "delete", table: "mixed", where });
  await store.writer.exec("BEGIN");
  try {
    const fit = store.compiled.fitWrite(shape as TableShape, rows);
    return (await writeRows(store.writer, store.compiled, fit.shape, fit.rows)).rowsAffected;
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error.code;
  } finally {
    await store.writer.exec("ROLLBACK");
  }
}

async function keysBySqlite(store: Store, sql: string): Promise<readonly string[]> {
  const rows = await store.writer.all(`SELECT key FROM mixed WHERE ${sql} ORDER BY key`);
  return rows.map(({ key }) => String(key));
}

const rows = fc.array(row, { minLength: 4, maxLength: 8 });

describe("a condition written as text", () => {
  it("holds for exactly the rows for which it holds in SQLite, or is refused where a value does not fit", async (t) => {
    const store = await openCopy(t, { tables: [mixed] });
    await fc.assert(
      fc.asyncProperty(rows, tree, async (given, node) => {
        await fill(store, given);
        const where = written(node, asked);
        const wanted = await keysBySqlite(store, written(node, meant));
        const misfit = hasMisfit(node);
        assert.deepEqual(await found(store, where), misfit ? "bad_request" : wanted, where);
        assert.deepEqual(await deleted(store, where), misfit ? "bad_request" : wanted.length, where);
      }),
      { numRuns: runs(2_500) },
    );
  });
});

describe("a condition written as an object", () => {
  type Json = string | number | boolean;
  const value: fc.Arbitrary<Json> = fc.oneof(oneOf(texts), fc.constantFrom(0, 1, 5, -1, 1.5), fc.boolean());
  const comparison = fc.constantFrom("=", "!=", "<", "<=", ">", ">=");
  const list = fc.array(value, { maxLength: 4 });
  const tests = fc.oneof(
    value,
    fc.constant(null),
    list,
    fc.tuple(comparison, value).map(([by, than]) => ({ [by]: than })),
    list.map((values) => ({ in: values })),
    list.map((values) => ({ "not in": values })),
    oneOf(["a%", "x_y", "5%"]).map((of) => ({ like: of })),
    oneOf(["x!_y", "x!%y"]).map((of) => ({ "not like": { pattern: of, escape: "!" } })),
  );
  const object = fc.dictionary(oneOf(columns), tests, { minKeys: 1, maxKeys: 3 });

  const sqlOf = (json: Json): string =>
    typeof json === "string" ? inQuotes(json) : String(json).toUpperCase();
  const fits = (name: string, json: Json): boolean =>
    types[name] === "text"
      ? typeof json !== "boolean"
      : typeof json !== "string" || numericTexts.includes(json);

  function testSql(name: string, raw: unknown): string {
    if (raw === null) return `${name} IS NULL`;
    if (Array.isArray(raw)) return `${name} IN (${raw.map(sqlOf).join(", ")})`;
    if (typeof raw !== "object") return `${name} = ${sqlOf(raw as Json)}`;
    const [[by, operand] = ["", ""]] = Object.entries(raw as Record<string, unknown>);
    if (Array.isArray(operand)) return `${name} ${by} (${operand.map(sqlOf).join(", ")})`;
    if (typeof operand !== "object") return `${name} ${by} ${sqlOf(operand as Json)}`;
    const like = operand as { readonly pattern: string; readonly escape: string };
    return `${name} ${by} ${inQuotes(like.pattern)} ESCAPE ${inQuotes(like.escape)}`;
  }

  function testFits(name: string, raw: unknown): boolean {
    if (raw === null) return true;
    if (Array.isArray(raw)) return raw.every((entry) => fits(name, entry));
    if (typeof raw !== "object") return fits(name, raw as Json);
    const [[by, operand] = ["", ""]] = Object.entries(raw as Record<string, unknown>);
    return by.includes("like") || testFits(name, operand);
  }

  it("holds for exactly the rows for which it holds in SQLite, or is refused where a value does not fit", async (t) => {
    const store = await openCopy(t, { tables: [mixed] });
    await fc.assert(
      fc.asyncProperty(rows, object, fc.boolean(), async (given, tests, quotes) => {
        await fill(store, given);
        const entries = Object.entries(tests);
        const where = Object.fromEntries(
          entries.map(([name, raw]) => [quotes ? inQuotes(name, '"') : name, raw]),
        );
        const wanted = await keysBySqlite(
          store,
          entries.map(([name, raw]) => testSql(name, raw)).join(" AND "),
        );
        const misfit = !entries.every(([name, raw]) => testFits(name, raw));
        const said = JSON.stringify(where);
        assert.deepEqual(await found(store, where), misfit ? "bad_request" : wanted, said);
        assert.deepEqual(await deleted(store, where), misfit ? "bad_request" : wanted.length, said);
      }),
      { numRuns: runs(1_500) },
    );
  });
});

describe("a pattern", () => {
  it("is compared with whole texts, whatever characters they have", async (t) => {
    const store = await openCopy(t, { tables: [mixed] });
    const part = oneOf(["a", "\0", "\\", "\\u0000", '"', "\n", "é", "😀", "[", "\ufffd"]);
    const parts = fc.array(part, { maxLength: 4 }).map((some) => some.join(""));
    const patternParts = fc
      .array(fc.oneof(part, oneOf(["%", "_"])), { maxLength: 4 })
      .map((some) => some.join(""));
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(parts, { minLength: 1 }), patternParts, async (given, pattern) => {
        await fill(
          store,
          given.map((t) => ({ t, t2: null, i: null, j: null, r: null, b: null })),
        );
        const source = [...pattern].map((c) =>
          c === "%" ? ".*" : c === "_" ? "." : c.replace(/[\\[\]^$.*+?(){}|]/g, "\\$&"),
        );
        const form = new RegExp(`^${source.join("")}$`, "su");
        const wanted = given.flatMap((one, i) => (form.test(one) ? [`k${i}`] : [])).sort();
        assert.deepEqual(await found(store, { t: { like: pattern } }), wanted);
        assert.deepEqual(await deleted(store, { t: { like: pattern } }), wanted.length);
        assert.deepEqual(await deleted(store, { t: { "not like": pattern } }), given.length - wanted.length);
      }),
      { numRuns: runs(500) },
    );
  });
});

describe("a condition that only looks like one", () => {
  const refused: readonly (readonly [where: unknown, code: string])[] = [
    ["i != t2x", "bad_request"],
    ["i < 'abc'", "bad_request"],
    ["'x' = t OR i = ''", "bad_request"],
    ["i < `nosuch`", "unknown_column"],
    ["5 = nosuch", "unknown_column"],
    ['5 = "nosuch"', "unknown_column"],
    ["nosuch = 5", "unknown_column"],
    ["t LIKE t2", "bad_request"],
    ["t = TRUE", "bad_request"],
    [{ i: { "<": "abc" } }, "bad_request"],
    [{ i: { "!=": "abc" } }, "bad_request"],
    [{ b: "yes" }, "bad_request"],
    [{ r: ["1", "one"] }, "bad_request"],
    [{ t: { like: "%a".repeat(600) } }, "bad_request"],
    [{ t: { like: "é".repeat(501) } }, "bad_request"],
  ];
  for (const [where, code] of refused)
    it(`is refused: ${JSON.stringify(where).slice(0, 60)}`, async (t) => {
      const store = await openCopy(t, { tables: [mixed] });
      await fill(store, [{ t: "x", t2: "y", i: 1, j: 5, r: 5, b: true }]);
      assert.equal(await found(store, where), code);
    });
});
