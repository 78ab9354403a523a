// The libSQL protocol as it is written: what is asked and answered, byte by byte where it matters.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import type { AccessSpec } from "../../../../core/access.ts";
import { undoneAfterwards } from "../../worker/copies.ts";
import { shop } from "../../worker/schemas.ts";
import { openWorld, type World } from "./world.ts";

const undoing = undoneAfterwards();
let world: World;
before(async () => {
  world = await openWorld(undoing, shop);
});

// biome-ignore lint/suspicious/noExplicitAny: answers of every form
type Json = any;
const pipeline = async (
  requests: readonly unknown[],
  baton: string | null = null,
  version = 3,
): Promise<Json> => {
  const { status, text } = await world.ask(`/v${version}/pipeline`, { baton, requests });
  assert.equal(status, 200, text);
  return JSON.parse(text);
};
const execute = (sql: string, ...args: readonly unknown[]) => ({ type: "execute", stmt: { sql, args } });
const close = { type: "close" };
const one = async (request: unknown): Promise<Json> => (await pipeline([request, close])).results[0];
const text = (value: string) => ({ type: "text", value });
const integer = (value: string) => ({ type: "integer", value });
const step = (sql: string, condition?: unknown) => ({
  stmt: { sql },
  ...(condition === undefined ? {} : { condition }),
});
const batch = async (...steps: readonly unknown[]): Promise<Json> => {
  const result = await one({ type: "batch", batch: { steps } });
  assert.equal(result.type, "ok", JSON.stringify(result));
  return result.response.result;
};
const names = async () =>
  (await one(execute("SELECT name FROM people ORDER BY name"))).response.result.rows.map(
    ([{ value }]: Json) => value,
  );
const emptied = () => one(execute("DELETE FROM people"));

describe("the routes", () => {
  it("say which versions are spoken", async () => {
    for (const path of ["/v2", "/v3"]) assert.equal((await world.ask(path)).status, 200);
    for (const path of ["/v3-protobuf", "/v1", "/v2/cursor", "/v3-protobuf/pipeline"])
      assert.equal((await world.ask(path)).status, 404, path);
  });

  it("answer each request of a pipeline, also behind one that failed", async () => {
    await emptied();
    const { baton, base_url, results } = await pipeline([
      execute("INSERT INTO people (name, age) VALUES (?, ?)", text("ada"), integer("36")),
      execute("INSERT INTO people (name) VALUES (?)", text("ada")),
      execute("SELECT name, age AS name FROM people"),
      { type: "get_autocommit" },
      close,
      execute("SELECT 1"),
    ]);
    assert.deepEqual([baton, base_url], [null, null]);
    const [inserted, twice, selected, autocommit, closed, late] = results;
    assert.deepEqual([inserted.response.type, inserted.response.result.affected_row_count], ["execute", 1]);
    assert.deepEqual(twice, {
      type: "error",
      error: { message: "UNIQUE constraint failed: people.name", code: "SQLITE_CONSTRAINT_PRIMARYKEY" },
    });
    const { query_duration_ms: ms, ...result } = selected.response.result;
    assert.ok(ms >= 0);
    assert.deepEqual(result, {
      cols: [
        { name: "name", decltype: "TEXT" },
        { name: "name", decltype: "INTEGER" },
      ],
      rows: [[text("ada"), integer("36")]],
      affected_row_count: 0,
      last_insert_rowid: null,
    });
    assert.deepEqual(autocommit.response, { type: "get_autocommit", is_autocommit: true });
    assert.deepEqual(closed.response, { type: "close" });
    assert.equal(late.error.code, "STREAM_CLOSED");
  });

  it("give every value exactly", async () => {
    const values = [
      { type: "null" },
      integer("9007199254740993"),
      integer("-9223372036854775808"),
      { type: "float", value: 1 },
      { type: "float", value: 0.30000000000000004 },
      text('q"\\\u0001\u{1f600}}],'),
      { type: "blob", base64: "AP8" },
      { type: "blob", base64: "AP8=" },
    ];
    const sql = `SELECT ${values.map(() => "?").join()}, 9e999, typeof(?4)`;
    const { text: answer } = await world.ask("/v2/pipeline", { requests: [execute(sql, ...values), close] });
    const [row] = JSON.parse(answer).results[0].response.result.rows;
    values[7] = { type: "blob", base64: "AP8" };
    assert.deepEqual(row, [...values, { type: "float", value: Number.POSITIVE_INFINITY }, text("real")]);
    assert.match(answer, /\{"type":"float","value":1\.0\}/);
  });

  it("tell numbers of rows, named arguments, and leave out rows that are not wanted", async () => {
    const sql = "INSERT INTO orders (item) VALUES (:a), (@b) RETURNING id";
    const args = [
      { name: "a", value: text("tea") },
      { name: "@b", value: text("milk") },
    ];
    const result = await one({ type: "execute", stmt: { sql, named_args: args, want_rows: false } });
    const { rows, affected_row_count: changed, last_insert_rowid: rowid } = result.response.result;
    assert.deepEqual([rows, changed, typeof rowid], [[], 2, "string"]);
  });

  it("describe statements", async () => {
    const { response } = await one({ type: "describe", sql: "SELECT name AS n, ? + :x FROM people" });
    assert.deepEqual(response.result, {
      params: [{ name: null }, { name: ":x" }],
      cols: [
        { name: "n", decltype: "TEXT" },
        { name: "? + :x", decltype: null },
      ],
      is_explain: false,
      is_readonly: true,
    });
    assert.equal(
      (await one({ type: "describe", sql: "SELECT nothing FROM nowhere" })).error.code,
      "SQLITE_ERROR",
    );
  });

  it("carry out scripts up to the first statement that fails", async () => {
    await emptied();
    const sql = "INSERT INTO people (name) VALUES ('a;'); -- one\nINSERT INTO people (name) VALUES ('b')";
    assert.deepEqual((await one({ type: "sequence", sql })).response, { type: "sequence" });
    const failing =
      "INSERT INTO people (name) VALUES ('c'); SELECT x FROM y; INSERT INTO people (name) VALUES ('d')";
    assert.match((await one({ type: "sequence", sql: failing })).error.message, /no such table: y/);
    assert.deepEqual(await names(), ["a;", "b", "c"]);
  });

  it("keep texts on a stream, within bounds", async () => {
    const sql = "SELECT 7 AS n";
    const { baton, results } = await pipeline([
      { type: "store_sql", sql_id: 4, sql },
      { type: "store_sql", sql_id: 4, sql },
      { type: "store_sql", sql_id: 5, sql: "x".repeat(300_000) },
      { type: "execute", stmt: { sql_id: 5 } },
    ]);
    assert.deepEqual(
      results.map(({ type, error }: Json) => error?.code ?? type),
      ["ok", "SQL_ID_USED", "SQL_STORE_FULL", "SQL_NOT_FOUND"],
    );
    const next = await pipeline(
      [
        { type: "execute", stmt: { sql_id: 4 } },
        { type: "close_sql", sql_id: 4 },
        { type: "describe", sql_id: 4 },
      ],
      baton,
    );
    assert.deepEqual(next.results[0].response.result.rows, [[integer("7")]]);
    assert.equal(next.results[2].error.code, "SQL_NOT_FOUND");
  });

  it("give the results of a batch line by line where a cursor is asked for", async () => {
    const steps = [
      step("SELECT 1 AS a UNION ALL SELECT 2"),
      step("SELECT b FROM c"),
      step("SELECT 3", { type: "ok", step: 1 }),
    ];
    const { status, text: lines } = await world.ask("/v3/cursor", { baton: null, batch: { steps } });
    assert.equal(status, 200);
    const [head, ...entries] = lines
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(typeof head.baton, "string");
    assert.deepEqual(entries, [
      { type: "step_begin", step: 0, cols: [{ name: "a", decltype: null }] },
      { type: "row", row: [integer("1")] },
      { type: "row", row: [integer("2")] },
      { type: "step_end", affected_row_count: 0, last_insert_rowid: null },
      { type: "step_error", step: 1, error: { message: "no such table: c", code: "SQLITE_ERROR" } },
    ]);
  });
});

describe("batons", () => {
  it("change with each answer, and are taken once", async () => {
    const { baton: first } = await pipeline([]);
    const { baton: second } = await pipeline([], first);
    assert.notEqual(first, second);
    const again = await world.ask("/v3/pipeline", { baton: first, requests: [] });
    assert.deepEqual([again.status, JSON.parse(again.text).code], [400, "BATON_REUSED"]);
  });

  it("that are made up are refused, as are those of streams that have ended", async () => {
    const { baton } = await pipeline([]);
    const [stream, turn] = baton.split(".");
    for (const forged of [
      "x",
      `${stream}.${turn}.${"A".repeat(43)}`,
      `${Number(stream) + 1}.${turn}.${baton.split(".")[2]}`,
    ]) {
      const { status, text: body } = await world.ask("/v3/pipeline", { baton: forged, requests: [] });
      assert.deepEqual([status, JSON.parse(body).code], [400, "BATON_INVALID"]);
    }
    await pipeline([close], baton);
    const ended = await world.ask("/v3/pipeline", { baton, requests: [] });
    assert.deepEqual([ended.status, JSON.parse(ended.text).code], [400, "STREAM_EXPIRED"]);
  });
});

describe("roles", () => {
  it("let readers read and no more, statement by statement", async (t) => {
    const { createHash } = await import("node:crypto");
    const tokens = (["reader", "writer"] as const).map((role) => ({
      name: role,
      role,
      sha256: createHash("sha256").update(`token-${role}`).digest("hex"),
    }));
    const access: AccessSpec = { tokens, rateLimit: { perSecond: 0, burst: 0 }, hosts: [] };
    const closed = await openWorld(t, shop, access);
    const requests = [
      execute("SELECT 1"),
      execute("INSERT INTO people (name) VALUES ('ada')"),
      execute("BEGIN"),
      execute("DELETE FROM people"),
      execute("SELECT count(*) FROM people"),
      execute("COMMIT"),
      close,
    ];
    const codes = async (token: string) => {
      const { status, text: body } = await closed.ask(
        "/v3/pipeline",
        { requests },
        { Authorization: `Bearer ${token}` },
      );
      return status === 200
        ? JSON.parse(body).results.map(({ type, error }: Json) => error?.code ?? type)
        : status;
    };
    assert.deepEqual(await codes("token-reader"), [
      "ok",
      "SQLITE_AUTH",
      "ok",
      "SQLITE_AUTH",
      "ok",
      "ok",
      "ok",
    ]);
    assert.deepEqual(await codes("token-writer"), ["ok", "ok", "ok", "ok", "ok", "ok", "ok"]);
    assert.equal(await codes("token-else"), 401);
    assert.equal((await closed.ask("/v3")).status, 200);
  });
});

describe("a batch", () => {
  it("goes by its conditions", async () => {
    const { step_results: results, step_errors: errors } = await batch(
      step("SELECT 1"),
      step("SELECT x FROM y"),
      step("SELECT 2", { type: "ok", step: 1 }),
      step("SELECT 3", {
        type: "and",
        conds: [
          { type: "error", step: 1 },
          { type: "not", cond: { type: "ok", step: 2 } },
        ],
      }),
      step("SELECT 4", {
        type: "or",
        conds: [
          { type: "error", step: 2 },
          { type: "not", cond: { type: "is_autocommit" } },
        ],
      }),
      step("SELECT 5", { type: "is_autocommit" }),
    );
    assert.deepEqual(
      results.map((result: Json) => result?.rows[0][0].value ?? null),
      ["1", null, null, "3", null, "5"],
    );
    assert.deepEqual(
      errors.map((error: Json) => error?.code ?? null),
      [null, "SQLITE_ERROR", null, null, null, null],
    );
  });
});
