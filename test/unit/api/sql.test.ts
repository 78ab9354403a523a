import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { parseRead } from "../../../api/requests/read-request.ts";
import { clientKeyFrom, parseWrite } from "../../../api/requests/write-request.ts";
import { openAccess, type Role, roles } from "../../../core/access.ts";
import { Refusal } from "../../../core/errors.ts";
import { knownSince } from "../../../core/messages/statement.ts";
import { TestServer } from "./test-server.ts";

const refusedAt = (parse: (body: unknown) => unknown, body: unknown): string | undefined => {
  try {
    parse(body);
  } catch (error) {
    assert.ok(error instanceof Refusal && error.code === "bad_request", String(error));
    return error.field;
  }
  return undefined;
};

describe("SQL in a body", () => {
  it("becomes its text and its values", () => {
    assert.deepEqual(parseRead({ sql: "SELECT ?, ?", params: ["a", 1] }), {
      shape: { kind: "sql", sql: "SELECT ?, ?" },
      params: ["a", 1],
      strong: false,
    });
    assert.deepEqual(parseWrite({ sql: "DELETE FROM t" }), {
      shape: { kind: "sql", sql: "DELETE FROM t" },
      rows: [[]],
    });
  });

  it("has its named values in one order, however they are written", () => {
    const parsed = parseRead({ sql: "SELECT :b, $a", params: { ":b": 2, a: null }, consistency: "strong" });
    assert.deepEqual(parsed, {
      shape: { kind: "sql", sql: "SELECT :b, $a", names: ["a", "b"] },
      params: [null, 2],
      strong: true,
    });
  });

  it("takes values of the types that JSON has not", () => {
    const params = [
      { integer: "-9223372036854775808" },
      { integer: 7 },
      { real: 1 },
      { real: "1e999" },
      { base64: "AP8=" },
      { base64: "" },
    ];
    assert.deepEqual(parseRead({ sql: "x", params }).params, [
      ["integer", "-9223372036854775808"],
      ["integer", "7"],
      ["real", "1"],
      ["real", "Infinity"],
      ["blob", "AP8="],
      ["blob", ""],
    ]);
  });

  it("is refused by the field that is wrong", () => {
    const table: readonly (readonly [unknown, string])[] = [
      [{ sql: 1 }, "sql"],
      [{ sql: "" }, "sql"],
      [{ sql: "é".repeat(50_001) }, "sql"],
      [{ sql: "x", parms: [] }, "parms"],
      [{ sql: "x", op: "insert" }, "op"],
      [{ sql: "x", table: "t" }, "table"],
      [{ sql: "x", params: "a" }, "params"],
      [{ sql: "x", params: [1, [2]] }, "params[1]"],
      [{ sql: "x", params: [{ integer: "9223372036854775808" }] }, "params[0]"],
      [{ sql: "x", params: [{ integer: "1.5" }] }, "params[0]"],
      [{ sql: "x", params: [{ real: "x" }] }, "params[0]"],
      [{ sql: "x", params: [{ base64: "AP8" }] }, "params[0]"],
      [{ sql: "x", params: [{ base64: "AP8=", integer: "1" }] }, "params[0]"],
      [{ sql: "x", params: { "a b": 1 } }, "params.a b"],
      [{ sql: "x", params: { a: {} } }, "params.a"],
      [{ sql: "x", params: { a: 1, ":a": 1 } }, "params.a"],
    ];
    for (const [body, field] of table) {
      assert.equal(refusedAt(parseRead, body), field, JSON.stringify(body));
      assert.equal(refusedAt(parseWrite, body), field, JSON.stringify(body));
    }
    assert.equal(refusedAt(parseRead, { sql: "x", expect: { rowsAffected: 1 } }), "expect");
    assert.equal(refusedAt(parseWrite, { sql: "x", expect: { rows: 1 } }), "expect.rowsAffected");
    assert.equal(refusedAt(parseWrite, { sql: "x", expect: { rowsAffected: -1 } }), "expect.rowsAffected");
    assert.equal(refusedAt(parseWrite, { sql: "x", consistency: "strong" }), "consistency");
  });
});

describe("statements of one request", () => {
  it("are parts with their rows, SQL and row forms mixed", () => {
    const body = {
      statements: [
        { op: "insert", table: "t", rows: [{ a: 1 }, { a: 2 }] },
        { sql: "UPDATE t SET a = :a", params: { a: 3 }, expect: { rowsAffected: 2 } },
        { op: "delete", table: "t", where: { a: 3 } },
      ],
    };
    assert.deepEqual(parseWrite(body), {
      shape: {
        kind: "batch",
        parts: [
          { shape: { kind: "insert", table: "t", columns: ["a"] }, rows: 2 },
          { shape: { kind: "sql", sql: "UPDATE t SET a = :a", names: ["a"] }, rows: 1, expect: 2 },
          {
            shape: { kind: "delete", table: "t", where: { op: "=", column: "a", param: 0 } },
            rows: 1,
          },
        ],
      },
      rows: [[1], [2], [3], [3]],
    });
  });

  it("a lone one that expects something is one of them", () => {
    const { shape, rows } = parseWrite({
      op: "update",
      table: "t",
      set: { a: 1 },
      where: "a = 2",
      expect: { rowsAffected: 1 },
    });
    assert.ok(shape.kind === "batch" && shape.transaction === undefined && shape.lone === true);
    assert.deepEqual([shape.parts.map(({ expect }) => expect), rows], [[1], [[1, 2]]]);
  });

  it("are refused by the place of the wrong one", () => {
    const fine = { op: "insert", table: "t", row: { a: 1 } };
    const table: readonly (readonly [unknown, string])[] = [
      [{ statements: fine }, "statements"],
      [{ statements: [] }, "statements"],
      [{ statements: Array(1_001).fill(fine) }, "statements"],
      [{ statements: [fine, 7] }, "statements[1]"],
      [{ statements: [fine, {}] }, "statements[1].op"],
      [{ statements: [fine, { ...fine, op: "clear" }] }, "statements[1].op"],
      [{ statements: [fine, { statements: [fine] }] }, "statements[1].op"],
      [{ statements: [fine, { query: "delete", table: "t", condition: "a=1" }] }, "statements[1].op"],
      [{ statements: [{ ...fine, row: { a: [] } }] }, "statements[0].row.a"],
      [{ statements: [{ sql: "x", params: [{}] }] }, "statements[0].params[0]"],
      [{ statements: [fine], op: "insert" }, "op"],
    ];
    for (const [body, field] of table)
      assert.equal(refusedAt(parseWrite, body), field, JSON.stringify(body).slice(0, 200));
  });

  it("mean the same in the ways that row forms do, and nothing else does", () => {
    const hash = (body: unknown) => clientKeyFrom("k", parseWrite(body))?.hash;
    const row = (one: object) => ({ statements: [{ op: "insert", table: "t", row: one }, { sql: "x" }] });
    assert.equal(hash(row({ a: 1, b: 2 })), hash(row({ b: 2, a: 1 })));
    assert.notEqual(hash(row({ a: 1, b: 2 })), hash(row({ a: 2, b: 1 })));
    assert.equal(hash({ sql: "x", params: { a: 1, b: 2 } }), hash({ sql: "x", params: { b: 2, a: 1 } }));
    const different = [
      { sql: "x" },
      { sql: "X" },
      { sql: "x", params: [1] },
      { sql: "x", params: ["1"] },
      { sql: "x", params: [{ real: 1 }] },
      { sql: "x", expect: { rowsAffected: 1 } },
      { statements: [{ sql: "x" }] },
      { statements: [{ sql: "x" }, { sql: "y" }] },
      { statements: [{ sql: "y" }, { sql: "x" }] },
    ].map(hash);
    assert.equal(new Set(different).size, different.length);
  });
});

it("SQL is refused, to be sent again, while a worker leads that does not know it", async (t) => {
  const server = new TestServer();
  await server.start();
  t.after(() => server.stop());
  server.knownStatements = knownSince.sql - 1;
  for (const [path, body] of [
    ["/api/v1/db/read", { sql: "SELECT 1" }],
    ["/api/v1/db/write", { sql: "DELETE FROM users" }],
    ["/api/v1/db/write", { statements: [{ op: "delete", table: "users", where: "1=1" }] }],
  ] as const) {
    const { status, headers, text } = await server.call("POST", path, { body: JSON.stringify(body) });
    assert.deepEqual([status, headers["retry-after"]], [503, "1"], text);
  }
  assert.deepEqual([server.reads.length, server.writes.length], [0, 0]);
});

describe("SQL that changes the schema", () => {
  it("is known by its first word, behind spaces, comments and semicolons", () => {
    const marked = (text: string) => {
      const { shape } = parseWrite({ sql: text });
      return shape.kind === "sql" && shape.schema === true;
    };
    for (const text of [
      "CREATE TABLE t (a)",
      "create index i on t (a)",
      "  \n\tAlter table t add b",
      "-- why\n/* and; how */ ;; DROP VIEW v",
      "\ufeffDROP TABLE t",
      `${"/**/".repeat(20_000)}DROP TABLE t`,
    ])
      assert.equal(marked(text), true, text.slice(0, 50));
    for (const text of [
      "INSERT INTO t VALUES ('CREATE TABLE')",
      "-- CREATE TABLE t (a)",
      "/* DROP",
      "created",
      "EXPLAIN DROP TABLE t",
      "WITH a AS (SELECT 1) DELETE FROM t",
    ])
      assert.equal(marked(text), false, text);
    assert.deepEqual(parseWrite({ sql: "DROP TABLE t", params: { a: 1 } }).shape, {
      kind: "sql",
      sql: "DROP TABLE t",
      schema: true,
      names: ["a"],
    });
  });

  it("asks for the role that the manifest says, alone or among others", async (t) => {
    const token = (role: Role) => `dbaas_${role}_${"x".repeat(40)}`;
    const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
    const tokens = roles.map((role) => ({ name: `the-${role}`, role, sha256: sha256(token(role)) }));
    const server = new TestServer({ ...openAccess, tokens });
    await server.start();
    t.after(() => server.stop());
    const bodies = [
      { sql: "CREATE TABLE t (a)" },
      { statements: [{ sql: "DELETE FROM users" }, { sql: "DROP TABLE t", expect: { rowsAffected: 0 } }] },
    ];
    for (const body of bodies) {
      const ask = (role: Role) =>
        server.call("POST", "/api/v1/db/write", {
          body: JSON.stringify(body),
          token: token(role),
        });
      const { status, text } = await ask("writer");
      assert.equal(status, 403, text);
      assert.match(text, /needs the role admin; the token the-writer has the role writer/);
      assert.equal(server.writes.length, 0);
      assert.equal((await ask("admin")).status, 200);
      server.requests.schemaBySql = "writer";
      assert.equal((await ask("writer")).status, 200);
      assert.equal((await ask("reader")).status, 403);
      server.requests.schemaBySql = "admin";
      server.writes.length = 0;
    }
  });
});
