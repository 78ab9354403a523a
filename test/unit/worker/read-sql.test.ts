import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Param } from "../../../core/messages/statement.ts";
import type { Store } from "../../../worker/copy/store.ts";
import { readSql, type TableRead } from "../../../worker/sql/shape-sql.ts";
import { runs } from "../../support/runs.ts";
import { batch, entry, insertion, openCopy } from "./copies.ts";
import { shop } from "./schemas.ts";

const people: TableRead = { kind: "select", table: "people", columns: "*" };

/** The answers, parsed, to requests of one shape. */
async function ask(store: Store, shape: TableRead, ...requests: readonly (readonly Param[])[]) {
  const { sql, groupable } = store.compiled.read(shape);
  const run = async (asked: readonly (readonly Param[])[]): Promise<readonly string[]> => {
    const rows = await store.readers.quickly({ limitMs: 2_000 }, (connection) =>
      connection.all(sql, JSON.stringify(asked)),
    );
    return String(rows[0]?.body).split("\n");
  };
  const bodies: string[] = [];
  for (const request of requests) bodies.push(...(await run([request])));
  if (groupable) assert.deepEqual(await run(requests), bodies);
  return bodies.map((body) => {
    const space = body.indexOf(" ");
    const answer = JSON.parse(body.slice(space + 1)) as Record<string, unknown>[];
    assert.equal(Number(body.slice(0, space)), answer.length);
    return answer;
  });
}

async function withPeople(t: Parameters<typeof openCopy>[0]): Promise<Store> {
  const store = await openCopy(t, shop);
  const given = insertion(
    "people",
    ["name", "age", "score", "active", "mail"],
    ["ada", 36, 1, true, null],
    ["bob", 41, 2.5, false, "b@x"],
    ['o"h', null, null, null, "it's"],
  );
  await store.apply([entry(2, batch(2, [given]))]);
  return store;
}

describe("a read", () => {
  it("answers rows as JSON with every type as it came", async (t) => {
    const store = await withPeople(t);
    assert.deepEqual(await ask(store, people, []), [
      [
        { name: "ada", age: 36, score: 1, active: true, mail: null },
        { name: "bob", age: 41, score: 2.5, active: false, mail: "b@x" },
        { name: 'o"h', age: null, score: null, active: null, mail: "it's" },
      ],
    ]);
  });

  it("answers the wanted columns in the wanted order", async (t) => {
    const store = await withPeople(t);
    const [answer] = await ask(store, { ...people, columns: ["age", "name"] }, []);
    assert.deepEqual(Object.keys(answer?.[0] ?? {}), ["age", "name"]);
  });

  it("an empty answer is an empty list", async (t) => {
    const store = await openCopy(t, shop);
    assert.deepEqual(await ask(store, people, []), [[]]);
  });

  it("sorts, limits and skips by parameters", async (t) => {
    const store = await withPeople(t);
    const shape: TableRead = {
      kind: "select",
      table: "people",
      columns: ["name"],
      orderBy: [{ column: "name", descending: true }],
      limit: 0,
      offset: 1,
    };
    assert.deepEqual(await ask(store, shape, [1, 1]), [[{ name: "bob" }]]);
    assert.deepEqual(await ask(store, shape, [5, 2]), [[{ name: "ada" }]]);
    assert.equal(readSql(shop, shape).groupable, false);
  });

  it("sorts by several columns, each in its own direction", async (t) => {
    const store = await withPeople(t);
    const shape: TableRead = {
      ...people,
      columns: ["name"],
      orderBy: [
        { column: "active", descending: true },
        { column: "name", descending: false },
      ],
    };
    assert.deepEqual(await ask(store, shape, []), [[{ name: "ada" }, { name: "bob" }, { name: 'o"h' }]]);
  });

  it("counts", async (t) => {
    const store = await withPeople(t);
    const where = { op: ">", column: "age", param: 0 } as const;
    assert.deepEqual(await ask(store, { kind: "count", table: "people", where }, [36], [0], [99]), [
      [{ count: 1 }],
      [{ count: 2 }],
      [{ count: 0 }],
    ]);
  });

  it("names what it does not know", () => {
    assert.throws(() => readSql(shop, { ...people, table: "pepole" }), { field: "table" });
    assert.throws(() => readSql(shop, { ...people, columns: ["name", "agee"] }), { field: "columns[1]" });
    assert.throws(() => readSql(shop, { ...people, orderBy: [{ column: "x", descending: false }] }), {
      field: "orderBy[0]",
    });
    assert.throws(() => readSql(shop, { ...people, where: { op: "isNull", column: "x" } }), {
      field: "where",
    });
  });

  it("requests of one shape answer the same together as each alone, in their order", async (t) => {
    const store = await withPeople(t);
    const shape: TableRead = {
      ...people,
      where: {
        op: "or",
        of: [
          { op: "in", column: "name", param: 0 },
          { op: "=", column: "age", param: 1 },
        ],
      },
    };
    const name = fc.constantFrom("ada", "bob", 'o"h', "nobody");
    const params = fc.tuple(fc.array(name, { maxLength: 3 }), fc.constantFrom(36, 41, 0, null));
    await fc.assert(
      fc.asyncProperty(fc.array(params, { minLength: 1, maxLength: 8 }), async (requests) => {
        const together = await ask(store, shape, ...requests);
        const alone = [];
        for (const request of requests) alone.push((await ask(store, shape, request))[0]);
        assert.deepEqual(together, alone);
      }),
      { numRuns: runs(60) },
    );
  });

  it("any text comes back as it was written", async (t) => {
    const store = await withPeople(t);
    const where = { op: "=", column: "name", param: 0 } as const;
    let position = store.applied.position;
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 4 }), async (name) => {
        fc.pre(!name.includes("\0"));
        position += 1;
        const written = {
          shape: { kind: "insert", table: "people", columns: ["name"], onConflict: "update" },
          rows: [[name]],
        } as const;
        await store.apply([entry(position, batch(position, [written]))]);
        const [answer] = await ask(store, { ...people, columns: ["name"], where }, [name]);
        assert.deepEqual(answer, [{ name }]);
      }),
      { numRuns: runs(60) },
    );
  });
});
