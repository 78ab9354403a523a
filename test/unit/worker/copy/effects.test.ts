import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Effect } from "../../../../core/log/record.ts";
import { checksumOf, decodeRecord } from "../../../../core/log/record.ts";
import type { Param, WriteShape } from "../../../../core/messages/statement.ts";
import { merged } from "../../../../worker/copy/effects.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import type { LogEntry } from "../../../../worker/ports.ts";
import type { PendingWrite } from "../../../../worker/write/draft.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { committed, unlimited } from "../../../fakes/commits.ts";
import { runs } from "../../../support/runs.ts";
import { batch, contentsOf, entry, insertion, openCopy, withUndoing } from "../copies.ts";
import { shop, text } from "../schemas.ts";

describe("merged", () => {
  it("joins neighbouring inserts of one shape", () => {
    const effects = [
      insertion("orders", ["item"], ["a"]),
      insertion("orders", ["item"], ["b"], ["c"]),
      insertion("people", ["name"], ["x"]),
    ];
    assert.deepEqual(merged(effects), [
      insertion("orders", ["item"], ["a"], ["b"], ["c"]),
      insertion("people", ["name"], ["x"]),
    ]);
  });
  it("joins nothing across another effect", () => {
    const effects: Effect[] = [
      insertion("orders", ["item"], ["a"]),
      { shape: { kind: "clear" }, rows: [] },
      insertion("orders", ["item"], ["b"]),
    ];
    assert.deepEqual(merged(effects), effects);
  });
  it("makes a list of neighbouring SQL, and of none that needs a call of its own", () => {
    const of = (sql: string, more: object = {}, seen: object = {}): Effect => ({
      shape: { kind: "sql", sql, ...more },
      rows: [[]],
      seen: { atMs: 1, rowsAffected: 1, ...seen },
    });
    const defining = of("CREATE TABLE t (a)", { schema: true });
    const apart = of("DELETE FROM t", {}, { references: "deferred" });
    const effects = [
      of("a"),
      of("b"),
      defining,
      of("c"),
      insertion("orders", ["item"], ["a"]),
      of("d"),
      apart,
    ];
    assert.deepEqual(merged(effects), [
      { list: [of("a"), of("b")] },
      defining,
      { list: [of("c")] },
      insertion("orders", ["item"], ["a"]),
      { list: [of("d")] },
      apart,
    ]);
  });
  it("leaves what it was given as it was", () => {
    const effects = [insertion("orders", ["item"], ["a"]), insertion("orders", ["item"], ["b"])];
    merged(effects);
    assert.deepEqual(effects[0], insertion("orders", ["item"], ["a"]));
  });
});

interface Request {
  readonly shape: WriteShape;
  readonly rows: readonly (readonly Param[])[];
  readonly key: number;
}

const name = fc.constantFrom("ada", "bob", "eve");
const item = fc.constantFrom("tea", "milk", null);
const age = fc.option(fc.nat({ max: 3 }));
const ask = (arbitrary: fc.Arbitrary<Omit<Request, "key">>): fc.Arbitrary<Request> =>
  fc.tuple(arbitrary, fc.nat({ max: 30 })).map(([request, key]) => ({ ...request, key }));

/** Requests that meet: the same few rows and keys, some of them refused. */
const requests = ask(
  fc.oneof(
    fc
      .array(item, { minLength: 1, maxLength: 3 })
      .map((items) => insertion("orders", ["item"], ...items.map((one) => [one]))),
    fc.tuple(name, age).map((row) => insertion("people", ["name", "age"], row)),
    fc.tuple(name, age).map((row) => ({
      shape: { kind: "insert", table: "people", columns: ["name", "age"], onConflict: "update" } as const,
      rows: [row],
    })),
    fc.tuple(fc.nat({ max: 4 }), name).map((row) => insertion("buyers", ["order", "name"], row)),
    fc.tuple(age, age).map((row) => ({
      shape: {
        kind: "update",
        table: "people",
        set: ["age"],
        where: { op: ">", column: "age", param: 1 },
      } as const,
      rows: [row],
    })),
    fc.tuple(name).map((row) => ({
      shape: { kind: "delete", table: "people", where: { op: "=", column: "name", param: 0 } } as const,
      rows: [row],
    })),
    fc.nat({ max: 4 }).map((id) => ({
      shape: { kind: "delete", table: "orders", where: { op: "<=", column: "id", param: 0 } } as const,
      rows: [[id]],
    })),
    fc.constant({ shape: { kind: "clear" } as const, rows: [] }),
    fc.constant({ shape: { kind: "barrier" } as const, rows: [] }),
  ),
);
const commits = fc.array(fc.array(requests, { minLength: 1, maxLength: 8 }), { maxLength: 8 });

/** Lets a master commit the batches. @returns the log it wrote */
async function mastered(
  store: Store,
  batches: readonly (readonly Request[])[],
): Promise<readonly LogEntry[]> {
  const log: LogEntry[] = [];
  const effect: Effect = {
    schema: {
      tables: shop.tables.map((table) =>
        table.name === "people" ? { ...table, columns: [...table.columns, text("city")] } : table,
      ),
    },
  };
  for (const [n, requested] of batches.entries()) {
    const writes = requested.map(
      ({ shape, rows, key }, index): PendingWrite => ({
        shape,
        message: "api-1",
        item: { index, shape: 0, rows, key: `k-${key}` },
      }),
    );
    for (const input of [
      { writes: [], chores: n === 3 ? [{ effect, onRefused: assert.fail }] : [] },
      { writes, chores: [] },
    ])
      await committed(
        ledgerOf(store),
        { ...input, epoch: 1, atMs: 1_000 + n, logMs: 1_000 + n, limits: unlimited },
        async (content) => {
          const offset = log.length + 2;
          log.push({ record: decodeRecord(content), offset, checksum: checksumOf(content) });
          return { offset, checksum: checksumOf(content) };
        },
      );
  }
  return log;
}

describe("copies of one log", () => {
  it("are equal to their master's, however the log is cut when it is read", async () => {
    await fc.assert(
      fc.asyncProperty(commits, fc.array(fc.integer({ min: 1, max: 6 })), (batches, cuts) =>
        withUndoing(async (undoing) => {
          const master = await openCopy(undoing, shop);
          const log = await mastered(master, batches);
          const wanted = await contentsOf(master);
          for (const sizes of [[log.length || 1], cuts, []]) {
            const copy = await openCopy(undoing, shop);
            for (let at = 0, n = 0; at < log.length; n++) {
              const size = sizes[n % Math.max(1, sizes.length)] ?? 1;
              await copy.apply(log.slice(at, at + size));
              at += size;
            }
            assert.deepEqual(await contentsOf(copy), wanted);
          }
        }),
      ),
      { numRuns: runs(40) },
    );
  });

  it("forget the same idempotency keys", async (t) => {
    const [one, other] = [await openCopy(t, shop), await openCopy(t, shop)];
    const keys = ["c:old", "c:new", "api#0"].map((key, i) => ({ key, ok: true, answer: "{}", hash: `${i}` }));
    const log = [
      entry(2, { ...batch(2, [], keys.slice(0, 1)), atMs: 10 }),
      entry(3, { ...batch(3, [], keys.slice(1)), atMs: 20 }),
      entry(4, { ...batch(4, [{ expireKeys: { clientBeforeMs: 15, ownBeforeMs: 25 } }]), atMs: 30 }),
    ];
    await one.apply(log);
    for (const record of log) await other.apply([record]);
    assert.deepEqual(await contentsOf(one), await contentsOf(other));
    const left = await one.writer.all("SELECT key FROM _dbaas_keys");
    assert.deepEqual(left, [{ key: "c:new" }]);
  });
});
