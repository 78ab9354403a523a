// Whatever is sent to the routes of the libSQL protocol is answered, and never by a mistake of ours.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { knownSince, knownStatements } from "../../../../core/messages/statement.ts";
import { runs } from "../../../support/runs.ts";
import { undoneAfterwards } from "../../worker/copies.ts";
import { shop } from "../../worker/schemas.ts";
import { openWorld, type World } from "./world.ts";

const undoing = undoneAfterwards();
let world: World;
before(async () => {
  world = await openWorld(undoing, shop);
});

const refusedField = async (body: unknown, path = "/v3/pipeline"): Promise<unknown> => {
  const { status, text } = await world.ask(path, body);
  assert.equal(status, 400, text);
  const { error, message } = JSON.parse(text);
  assert.equal(message, error.message);
  return error.field;
};
const stmt = (parts: object) => ({ requests: [{ type: "execute", stmt: { sql: "SELECT ?", ...parts } }] });
const nested = (depth: number): unknown =>
  depth === 0 ? { type: "is_autocommit" } : { type: "not", cond: nested(depth - 1) };
const conditioned = (condition: unknown) => ({
  batch: { steps: [{ condition, stmt: { sql: "SELECT 1" } }] },
});

describe("a request that is wrong", () => {
  it("is refused with the name of its field", async () => {
    for (const [body, field] of [
      ["{", "(body)"],
      [[], "(body)"],
      [{}, "requests"],
      [{ requests: [{ type: "drop" }] }, "requests[0].type"],
      [{ baton: 7, requests: [] }, "baton"],
      [{ requests: [{ type: "execute" }] }, "requests[0].stmt"],
      [stmt({ sql: 7 }), "requests[0].stmt.sql"],
      [stmt({ sql_id: 7 }), "requests[0].stmt.sql"],
      [stmt({ args: [7] }), "requests[0].stmt.args[0]"],
      [stmt({ args: [{ type: "integer", value: 7 }] }), "requests[0].stmt.args[0].value"],
      [stmt({ args: [{ type: "integer", value: "9223372036854775808" }] }), "requests[0].stmt.args[0].value"],
      [stmt({ args: [{ type: "float", value: "x" }] }), "requests[0].stmt.args[0].value"],
      [stmt({ args: [{ type: "blob", base64: "A" }] }), "requests[0].stmt.args[0].base64"],
      [
        stmt({ args: [{ type: "null" }], named_args: [{ name: "a", value: { type: "null" } }] }),
        "requests[0].stmt.named_args",
      ],
      [stmt({ named_args: [{ name: "", value: { type: "null" } }] }), "requests[0].stmt.named_args[0].name"],
      [stmt({ want_rows: 1 }), "requests[0].stmt.want_rows"],
      [{ requests: Array(1_025).fill({ type: "close" }) }, "requests"],
      [{ requests: [{ type: "store_sql", sql: "", sql_id: 2 ** 31 }] }, "requests[0].sql_id"],
    ] as const)
      assert.equal(await refusedField(body), field);
    assert.equal(
      await refusedField(conditioned({ type: "ok" }), "/v3/cursor"),
      "batch.steps[0].condition.step",
    );
    assert.match(
      String(await refusedField(conditioned(nested(60)), "/v3/cursor")),
      /^batch\.steps\[0\]\.condition(\.cond)+$/,
    );
  });

  it("may have fields that are not known", async () => {
    const { status } = await world.ask("/v2/pipeline", {
      ...stmt({ sql: "SELECT 1", replication_index: 7 }),
      more: true,
    });
    assert.equal(status, 200);
  });

  it("is told when workers of an earlier version lead", async () => {
    world.knownStatements = knownSince.sql - 1;
    const { status, headers, text } = await world.ask("/v3/pipeline", { requests: [] });
    world.knownStatements = knownStatements;
    assert.deepEqual([status, headers.get("retry-after"), JSON.parse(text).code], [503, "1", "UNAVAILABLE"]);
  });
});

describe("any request", () => {
  const word = fc.constantFrom(
    "SELECT 1",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "INSERT INTO orders (item) VALUES ('x')",
    "SELECT ?",
    "x",
    "",
    "VALUES (randomblob(9))",
    "PRAGMA x",
  );
  const value = fc.oneof(
    fc.constantFrom<unknown>(
      { type: "null" },
      { type: "integer", value: "1" },
      { type: "float", value: 1e300 },
      { type: "blob", base64: "AA" },
    ),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const statement = fc.oneof(
    fc.record({ sql: word, args: fc.array(value, { maxLength: 2 }) }, { requiredKeys: ["sql"] }),
    fc.record({ sql_id: fc.integer({ min: 0, max: 2 }) }),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const { condition } = fc.letrec<{ condition: unknown }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 3 },
      fc.record({ type: fc.constantFrom("ok", "error"), step: fc.integer({ min: -1, max: 4 }) }),
      fc.constant({ type: "is_autocommit" }),
      fc.constant(null),
      fc.record({ type: fc.constant("not"), cond: tie("condition") }),
      fc.record({ type: fc.constantFrom("and", "or"), conds: fc.array(tie("condition"), { maxLength: 2 }) }),
    ),
  }));
  const batch = fc.record({
    steps: fc.array(fc.record({ stmt: statement, condition }, { requiredKeys: ["stmt"] }), { maxLength: 5 }),
  });
  const request = fc.oneof(
    fc.record({ type: fc.constant("execute"), stmt: statement }),
    fc.record({ type: fc.constant("batch"), batch }),
    fc.record({ type: fc.constantFrom("sequence", "describe"), sql: word }),
    fc.record({ type: fc.constant("store_sql"), sql_id: fc.integer({ min: 0, max: 2 }), sql: word }),
    fc.record({
      type: fc.constantFrom("close", "get_autocommit", "close_sql", "x"),
      sql_id: fc.integer({ min: 0, max: 2 }),
    }),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const whole = fc.record(
    { baton: fc.option(fc.string()), requests: fc.array(request, { maxLength: 6 }), batch },
    { requiredKeys: [] },
  );
  const body = fc.oneof({ weight: 5, arbitrary: whole }, { weight: 1, arbitrary: fc.jsonValue() });

  it("is answered with a result for each of its parts, or refused", { timeout: 120_000 }, () =>
    fc.assert(
      fc.asyncProperty(
        fc.constantFrom("/v2/pipeline", "/v3/pipeline", "/v3/cursor"),
        body,
        async (path, sent) => {
          const { status, text } = await world.ask(path, sent);
          assert.ok(status === 200 || status === 400, `${status} ${text}`);
          if (status === 400 || path === "/v3/cursor")
            return void text
              .trimEnd()
              .split("\n")
              .map((line) => JSON.parse(line));
          const { results } = JSON.parse(text);
          assert.equal(results.length, (sent as { readonly requests: readonly unknown[] }).requests.length);
        },
      ),
      { numRuns: runs(300) },
    ),
  );
});
