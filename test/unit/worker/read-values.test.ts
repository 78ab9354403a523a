// What was stored is what is read: every double, every whole number of 64 bits, every text, and rows of any width and size.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Answer } from "../../../core/messages/queues.ts";
import type { Param, ReadShape } from "../../../core/messages/statement.ts";
import type { Store } from "../../../worker/copy/store.ts";
import { answerReads } from "../../../worker/read/answer-reads.ts";
import type { TableShape } from "../../../worker/sql/shape-sql.ts";
import { anyCharacter } from "../../support/characters.ts";
import { runs } from "../../support/runs.ts";
import { batch, entry, openCopy, replying } from "./copies.ts";
import { integer, table, text } from "./schemas.ts";

const limits = { queryMs: 10_000, freshWithinMs: 100, answerWithinMs: 60_000 };
const values = {
  tables: [
    table(
      "v",
      [integer("id", { notNull: true }), text("t"), integer("i"), { name: "r", type: "real" }],
      ["id"],
    ),
  ],
} as const;

/** As a master does: values fitted to their columns, then the record's effect applied. */
async function write(store: Store, shape: TableShape, rows: readonly (readonly Param[])[]): Promise<void> {
  const position = store.applied.position + 1;
  await store.apply([entry(position, batch(position, [store.compiled.fitWrite(shape, rows)]))]);
}

async function read(store: Store, shape: ReadShape, ...requests: readonly (readonly Param[])[]) {
  const answers: Answer[] = [];
  const items = requests.map((params, index) => ({ index, shape: 0, params }));
  const asked = { v: 1, deadlineMs: 0, attempt: 1, shapes: [shape], items } as const;
  await answerReads(
    store,
    asked,
    limits,
    replying((some) => answers.push(...some)),
  );
  return answers.sort((a, b) => a.index - b.index).map(({ ok, body }) => ({ ok, text: body.toString() }));
}

async function column(store: Store, name: string, given: readonly Param[]): Promise<string> {
  const insert = { kind: "insert", table: "v", columns: ["id", name], onConflict: "update" } as const;
  await write(
    store,
    insert,
    given.map((value, id) => [id, value]),
  );
  const orderBy = [{ column: "id", descending: false }];
  const where = { op: "<", column: "id", param: 0 } as const;
  const shape: ReadShape = { kind: "select", table: "v", columns: [name], orderBy, where };
  return (await read(store, shape, [given.length]))[0]?.text ?? "";
}

const bits = new DataView(new ArrayBuffer(8));
const doubleOf = (pattern: bigint): number => {
  bits.setBigUint64(0, pattern);
  return bits.getFloat64(0);
};
const anyDouble = fc
  .bigInt({ min: 0n, max: 2n ** 64n - 1n })
  .map(doubleOf)
  .filter(Number.isFinite);
/** A short decimal, or one of the doubles around it. */
const nearDecimal = fc
  .tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 9 }), fc.integer({ min: -2, max: 2 }))
  .map(([whole, decimals, away]) => {
    bits.setFloat64(0, whole / 10 ** decimals);
    return doubleOf(BigInt.asUintN(64, bits.getBigUint64(0) + BigInt(away)));
  })
  .filter(Number.isFinite);

describe("what is read", () => {
  it("any double comes back as the same double", async (t) => {
    const store = await openCopy(t, values);
    const edges = [0, 5e-324, 2.2250738585072014e-308, Number.MAX_VALUE, 0.1 + 0.2, 2 ** 53 + 2, 1e21, 1e23];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(anyDouble, nearDecimal), { maxLength: 200 }), async (random) => {
        const given = [...edges, ...edges.map((one) => -one), ...random].map((one) => one + 0);
        const rows: { r: number }[] = JSON.parse(await column(store, "r", given));
        assert.deepEqual(
          rows.map(({ r }) => r + 0),
          given,
        );
      }),
      { numRuns: runs(60) },
    );
  });

  it("a decimal of few digits is told as it was written", async (t) => {
    const store = await openCopy(t, values);
    const told = await column(store, "r", [0.1, 0.3, -12.35, 1, 123456789.25, 0]);
    assert.equal(told, '[{"r":0.1},{"r":0.3},{"r":-12.35},{"r":1.0},{"r":123456789.25},{"r":0.0}]');
  });

  it("an infinity of an older copy is a number beyond all others, not broken JSON", async (t) => {
    const store = await openCopy(t, values);
    await store.writer.exec("INSERT INTO v (id, r) VALUES (0, 9e999), (1, -9e999), (2, NULL)");
    const [answer] = await read(store, { kind: "select", table: "v", columns: ["r"] }, []);
    assert.deepEqual(JSON.parse(answer?.text ?? ""), [{ r: Infinity }, { r: -Infinity }, { r: null }]);
  });

  it("any whole number of 64 bits comes back with all its digits", async (t) => {
    const store = await openCopy(t, values);
    const whole = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    await fc.assert(
      fc.asyncProperty(fc.array(whole, { minLength: 1, maxLength: 50 }), async (given) => {
        const told = await column(store, "i", given.map(String));
        assert.equal(told, `[${given.map((one) => `{"i":${one}}`).join(",")}]`);
      }),
      { numRuns: runs(40) },
    );
  });

  it("any text comes back, with line ends, U+0000 and beyond the first plane", async (t) => {
    const store = await openCopy(t, values);
    const part = fc.oneof(
      fc.string({ unit: anyCharacter }),
      fc.constantFrom("\0", "\n", "😀", '"', "\\", "\u2028"),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.array(part).map((parts) => parts.join("")),
          { minLength: 1 },
        ),
        async (given) => {
          const rows: { t: string }[] = JSON.parse(await column(store, "t", given));
          assert.deepEqual(
            rows.map(({ t }) => t),
            given,
          );
        },
      ),
      { numRuns: runs(60) },
    );
  });

  it("rows come with all their columns, however many a table has", async (t) => {
    const names = Array.from({ length: 1_300 }, (_, i) => `c${i}`);
    const wide = { tables: [table("w", [integer("id"), ...names.map((name) => integer(name))], ["id"])] };
    const store = await openCopy(t, wide);
    const columns = ["id", ...names];
    await write(store, { kind: "insert", table: "w", columns }, [columns.map((_, i) => i)]);
    const [answer] = await read(store, { kind: "select", table: "w", columns: "*" }, []);
    assert.deepEqual(JSON.parse(answer?.text ?? ""), [
      Object.fromEntries(columns.map((name, i) => [name, i])),
    ]);
  });
});

describe("an answer that is too large", () => {
  const notes = { tables: [table("notes", [integer("id"), text("body", { notNull: true })], ["id"])] };
  const fill = (rows: number, bytes: number) =>
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
     INSERT INTO notes SELECT i, printf('%.*c', ${bytes}, 'x') FROM n`;
  const all: ReadShape = { kind: "select", table: "notes", columns: "*" };
  const some: ReadShape = { ...all, where: { op: "<=", column: "id", param: 0 } };

  it("is refused, and kept by SQLite no further than it may be", async (t) => {
    const store = await openCopy(t, notes);
    await store.writer.exec(fill(4_000, 10_000));
    const before = process.memoryUsage().rss;
    const [refused] = await read(store, all, []);
    assert.match(refused?.text ?? "", /too_large.*more than 8388608 bytes.*limit/);
    // Sorting by a long text is done in a file, and not in memory.
    const sorted = await read(store, { ...all, orderBy: [{ column: "body", descending: true }] }, []);
    assert.match(sorted[0]?.text ?? "", /too_large/);
    assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024);
  });

  it("is no matter of the others in its group, nor are many large ones that fit", async (t) => {
    const store = await openCopy(t, notes);
    await store.writer.exec(fill(1_000, 10_000));
    const answers = await read(store, some, [1], [700], [1_000], [700], [2], [800]);
    assert.deepEqual(
      answers.map(({ ok, text }) => (ok ? (JSON.parse(text) as unknown[]).length : "refused")),
      [1, 700, "refused", 700, 2, 800],
    );
  });
});
