import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonFrom } from "../../../api/requests/json-body.ts";
import { parseRead } from "../../../api/requests/read-request.ts";
import { headerIn, idempotencyKey } from "../../../api/requests/schemas.ts";
import { clientKeyFrom, parseWrite } from "../../../api/requests/write-request.ts";
import { Refusal } from "../../../core/errors.ts";
import type { Condition, ReadShape, WriteShape } from "../../../core/messages/statement.ts";

const sha1 = "3d725109c7e7c0bfb9d709836735b56d943d263f";
const byName: Condition = { op: "=", column: "username", param: 0 };
const insertUser: WriteShape = { kind: "insert", table: "users", columns: ["username", "password"] };

const refusal = (parse: (body: unknown) => unknown, body: unknown): Refusal => {
  try {
    parse(body);
  } catch (error) {
    assert.ok(error instanceof Refusal, String(error));
    return error;
  }
  return assert.fail(`${JSON.stringify(body)} was understood`);
};

describe("a write in RideShare's forms", () => {
  const forms: readonly (readonly [body: object, shape: WriteShape, row: readonly unknown[]])[] = [
    [
      { table: "users", column: ["username", "password"], insert: ["asha", sha1] },
      insertUser,
      ["asha", sha1],
    ],
    [
      { table: "users", columns: ["username", "password"], insert: ["asha", sha1] },
      insertUser,
      ["asha", sha1],
    ],
    [
      { table: "users", column: "username", insert: "asha" },
      { kind: "insert", table: "users", columns: ["username"] },
      ["asha"],
    ],
    [
      { table: "users", column: "username", insert: "'asha'" },
      { kind: "insert", table: "users", columns: ["username"] },
      ["asha"],
    ],
    [
      { table: "users", column: ["username"], insert: "'asha'" },
      { kind: "insert", table: "users", columns: ["username"] },
      ["'asha'"],
    ],
    [
      { table: "users", column: "ride_id", insert: 7 },
      { kind: "insert", table: "users", columns: ["ride_id"] },
      [7],
    ],
    [{ table: "users", column: "username,password", insert: `'asha','${sha1}'` }, insertUser, ["asha", sha1]],
    [
      { table: "users", column: "'username','password'", insert: `'asha', '${sha1}'` },
      insertUser,
      ["asha", sha1],
    ],
    [{ table: "users", column: "username, password", insert: `asha,${sha1}` }, insertUser, ["asha", sha1]],
    [
      { table: "users", column: "username,password", insert: "'O''Brien, A',NULL" },
      insertUser,
      ["O'Brien, A", null],
    ],
    [{ table: "users", column: ["username", "password"], insert: "'asha',7" }, insertUser, ["asha", 7]],
    [
      { table: "users", delete: "username = 'asha'" },
      { kind: "delete", table: "users", where: byName },
      ["asha"],
    ],
    [
      { table: "rides", column: "ride_id", delete: 7 },
      { kind: "delete", table: "rides", where: { op: "=", column: "ride_id", param: 0 } },
      [7],
    ],
    [
      { table: "users", column: "username", delete: "'asha'" },
      { kind: "delete", table: "users", where: byName },
      ["asha"],
    ],
    [
      { query: "insert", table: "users", values: { username: "asha", password: sha1 } },
      insertUser,
      ["asha", sha1],
    ],
    [
      { query: "update", table: "users", values: { password: sha1 }, condition: { username: "asha" } },
      { kind: "update", table: "users", set: ["password"], where: { ...byName, param: 1 } as Condition },
      [sha1, "asha"],
    ],
    [
      { query: "delete", table: "users", condition: { username: "asha" } },
      { kind: "delete", table: "users", where: byName },
      ["asha"],
    ],
  ];
  for (const [body, shape, row] of forms)
    it(`understands ${JSON.stringify(body)}`, () =>
      assert.deepEqual(parseWrite(body), { shape, rows: [row] }));
});

describe("a read in RideShare's forms", () => {
  const select = (columns: readonly string[] | "*", where?: Condition, table = "users"): ReadShape => ({
    kind: "select",
    table,
    columns,
    ...(where === undefined ? {} : { where }),
  });
  const forms: readonly (readonly [body: object, shape: ReadShape, params: readonly unknown[]])[] = [
    [
      { table: "users", columns: ["username"], where: "username='asha'" },
      select(["username"], byName),
      ["asha"],
    ],
    [
      { table: "users", columns: ["username"], where: "username == 'asha'" },
      select(["username"], byName),
      ["asha"],
    ],
    [
      { table: "users", column: ["username"], where: "username=asha" },
      select(["username"], { ...byName, word: true } as Condition),
      ["asha"],
    ],
    [
      { table: "users", column: "username,password", where: "username = 'asha'" },
      select(["username", "password"], byName),
      ["asha"],
    ],
    [{ table: "users", column: "*", where: "1=1" }, select("*", { op: "const", value: true }), []],
    [{ table: "users", column: "*" }, select("*"), []],
    [{ table: "users", columns: ["*"], where: "" }, select("*"), []],
    [{ table: "users" }, select("*"), []],
    [
      { table: "rides", columns: ["ride_id"], where: { created_by: "asha" } },
      select(["ride_id"], { op: "=", column: "created_by", param: 0 }, "rides"),
      ["asha"],
    ],
    [{ table: "rides", count: 1 }, { kind: "count", table: "rides" }, []],
    [
      { table: "users", columns: ["username"], condition: { username: "asha" } },
      select(["username"], byName),
      ["asha"],
    ],
    [
      { table: "users", where: ["username='asha'", { age: { ">=": 18 } }] },
      select("*", { op: "and", of: [byName, { op: ">=", column: "age", param: 1 }] }),
      ["asha", 18],
    ],
  ];
  for (const [body, shape, params] of forms)
    it(`understands ${JSON.stringify(body)}`, () =>
      assert.deepEqual(parseRead(body), { shape, params, strong: false }));

  it("refuses SQL in a condition", () => {
    const { code, field } = refusal(parseRead, {
      table: "users",
      columns: ["username"],
      where: "0 UNION SELECT password FROM users",
    });
    assert.deepEqual([code, field], ["bad_request", "where"]);
  });
});

describe("a native write", () => {
  it("inserts rows given as objects, whatever the order of their columns", () => {
    const body = {
      op: "insert",
      table: "t",
      rows: [
        { a: 1, b: null },
        { b: true, a: "x" },
      ],
    };
    assert.deepEqual(parseWrite(body), {
      shape: { kind: "insert", table: "t", columns: ["a", "b"] },
      rows: [
        [1, null],
        ["x", true],
      ],
    });
  });

  it("upserts a single row", () => {
    assert.deepEqual(parseWrite({ op: "upsert", table: "t", row: { a: 1 } }), {
      shape: { kind: "insert", table: "t", columns: ["a"], onConflict: "update" },
      rows: [[1]],
    });
  });

  it("numbers an update's new values before those of its condition", () => {
    assert.deepEqual(parseWrite({ op: "update", table: "t", set: { a: 1, b: 2 }, where: "c IN (3, 4)" }), {
      shape: { kind: "update", table: "t", set: ["a", "b"], where: { op: "in", column: "c", param: 2 } },
      rows: [[1, 2, [3, 4]]],
    });
  });

  it("deletes by a condition of any form", () => {
    const where = { a: null, b: [1, 2], c: { "!=": null, "not like": "x%", "<": 5 } };
    assert.deepEqual(parseWrite({ op: "delete", table: "t", where }), {
      shape: {
        kind: "delete",
        table: "t",
        where: {
          op: "and",
          of: [
            { op: "isNull", column: "a" },
            { op: "in", column: "b", param: 0 },
            {
              op: "and",
              of: [
                { op: "not", of: { op: "isNull", column: "c" } },
                { op: "not", of: { op: "like", column: "c", param: 1 } },
                { op: "<", column: "c", param: 2 },
              ],
            },
          ],
        },
      },
      rows: [[[1, 2], "x%", 5]],
    });
  });

  it("keeps a column called __proto__ a column", () => {
    const body = jsonFrom(Buffer.from('{"op":"insert","table":"t","row":{"__proto__":1}}'));
    assert.deepEqual(parseWrite(body), {
      shape: { kind: "insert", table: "t", columns: ["__proto__"] },
      rows: [[1]],
    });
  });
});

describe("a native read", () => {
  it("orders, limits and skips", () => {
    const body = {
      table: "t",
      columns: ["a"],
      where: "a > 1",
      orderBy: ["a desc", { column: "b" }],
      limit: 10,
      offset: 20,
      consistency: "strong",
    };
    assert.deepEqual(parseRead(body), {
      shape: {
        kind: "select",
        table: "t",
        columns: ["a"],
        where: { op: ">", column: "a", param: 0 },
        orderBy: [
          { column: "a", descending: true },
          { column: "b", descending: false },
        ],
        limit: 1,
        offset: 2,
      },
      params: [1, 10, 20],
      strong: true,
    });
    assert.deepEqual(parseRead({ table: "t", orderBy: "a, b DESC" }).shape, {
      kind: "select",
      table: "t",
      columns: "*",
      orderBy: [
        { column: "a", descending: false },
        { column: "b", descending: true },
      ],
    });
  });

  it("takes a name in quotes wherever a name may stand", () => {
    const plain = parseRead({ table: "t", columns: ["a"], where: { b: 1 }, orderBy: [{ column: "c" }] });
    const quoted = [
      { table: '"t"', columns: ['"a"'], where: { '"b"': 1 }, orderBy: [{ column: '"c"' }] },
      { table: "`t`", columns: '"a"', where: '"b" = 1', orderBy: '"c" asc' },
      { table: "t", columns: ["`a`"], where: ["`b` = 1"], orderBy: ["`c`"] },
    ];
    for (const body of quoted) assert.deepEqual(parseRead(body), plain, JSON.stringify(body));
    assert.deepEqual(
      parseWrite({ op: "insert", table: '"t"', rows: [{ '"a"': 1 }, { '"a"': 2 }] }),
      parseWrite({ op: "insert", table: "t", rows: [{ a: 1 }, { a: 2 }] }),
    );
    assert.equal(
      refusal(parseWrite, { op: "insert", table: "t", row: { a: 1, '"a"': 2 } }).message,
      "names a twice",
    );
  });

  it("counts what fulfils a condition", () => {
    assert.deepEqual(parseRead({ table: "t", count: true, where: { a: 1 } }), {
      shape: { kind: "count", table: "t", where: { op: "=", column: "a", param: 0 } },
      params: [1],
      strong: false,
    });
  });
});

describe("an error names the field", () => {
  const wrongReads: readonly (readonly [body: unknown, field: string])[] = [
    [null, "(body)"],
    [[], "(body)"],
    ["users", "(body)"],
    [{}, "table"],
    [{ table: 7 }, "table"],
    [{ table: "" }, "table"],
    [{ table: "t", columns: [] }, "columns"],
    [{ table: "t", columns: ["a", 7] }, "columns[1]"],
    [{ table: "t", columns: ["a", "a"] }, "columns"],
    [{ table: "t", columns: "count(*)" }, "columns"],
    [{ table: "t", columns: ["a", "COUNT(*)"] }, "columns"],
    [{ table: "t", column: "a,,b" }, "column"],
    [{ table: "t", column: "a b" }, "column"],
    [{ table: "t", column: "a", columns: "b" }, "column"],
    [{ table: "t", where: 7 }, "where"],
    [{ table: "t", where: ["a=1", 7] }, "where[1]"],
    [{ table: "t", where: { a: { "~": 1 } } }, "where.a.~"],
    [{ table: "t", where: { a: {} } }, "where.a"],
    [{ table: "t", where: { a: [1, [2]] } }, "where.a[1]"],
    [{ table: "t", where: { a: { "<": null } } }, "where.a.<"],
    [{ table: "t", limit: -1 }, "limit"],
    [{ table: "t", limit: "5" }, "limit"],
    [{ table: "t", offset: 1.5 }, "offset"],
    [{ table: "t", orderBy: ["a sideways"] }, "orderBy[0]"],
    [{ table: "t", orderBy: ["a, b"] }, "orderBy[0]"],
    [{ table: "t", orderBy: "a desc desc" }, "orderBy"],
    [{ table: "t", orderBy: "a," }, "orderBy"],
    [{ table: "t", orderBy: "" }, "orderBy"],
    [{ table: "t", orderBy: [] }, "orderBy"],
    [{ table: "t", where: { a: { like: { pattern: "x" } } } }, "where.a.like.escape"],
    [{ table: "t", where: { a: { like: { pattern: 1, escape: "!" } } } }, "where.a.like.pattern"],
    [{ table: "t", where: { a: { "not like": { pattern: "x", escape: "!!" } } } }, "where.a.not like.escape"],
    [{ table: "t", where: { a: { like: { pattern: "x", escape: "!", x: 1 } } } }, "where.a.like.x"],
    [{ table: "t", consistency: "best" }, "consistency"],
    [{ table: "t", count: 2 }, "count"],
    [{ table: "t", count: 1, columns: ["a"] }, "columns"],
  ];
  for (const [body, field] of wrongReads)
    it(`of the read ${JSON.stringify(body)}: ${field}`, () => {
      const { code, field: named } = refusal(parseRead, body);
      assert.deepEqual([code, named], ["bad_request", field]);
    });

  const wrongWrites: readonly (readonly [body: unknown, field: string])[] = [
    [undefined, "(body)"],
    [{ table: "t" }, "op"],
    [{ op: "replace", table: "t" }, "op"],
    [{ op: "insert", table: "t" }, "rows"],
    [{ op: "insert", table: "t", rows: [] }, "rows"],
    [{ op: "insert", table: "t", rows: {} }, "rows"],
    [{ op: "insert", table: "t", rows: [{ a: 1 }], row: { a: 1 } }, "row"],
    [{ op: "insert", table: "t", rows: [{ a: 1 }, { b: 1 }] }, "rows[1]"],
    [{ op: "insert", table: "t", rows: [{ a: 1 }, { a: 1, b: 1 }] }, "rows[1]"],
    [{ op: "insert", table: "t", rows: [{ a: 1 }, 7] }, "rows[1]"],
    [{ op: "insert", table: "t", rows: [{ a: 1 }, { a: {} }] }, "rows[1].a"],
    [{ op: "insert", table: "t", rows: [{}] }, "rows[0]"],
    [{ op: "update", table: "t", where: "1=1" }, "set"],
    [{ op: "update", table: "t", set: {}, where: "1=1" }, "set"],
    [{ op: "update", table: "t", set: { a: [] }, where: "1=1" }, "set.a"],
    [{ op: "update", table: "t", set: { a: 1 } }, "where"],
    [{ op: "delete", table: "t" }, "where"],
    [{ op: "delete", table: "t", where: "" }, "where"],
    [{ op: "delete", table: "t", where: {} }, "where"],
    [{ op: "delete", table: "t", where: [] }, "where"],
    [{ table: "t", insert: ["a"] }, "column"],
    [{ table: "t", column: ["a", "b"], insert: ["x"] }, "insert"],
    [{ table: "t", column: ["a"], insert: [{}] }, "insert[0]"],
    [{ table: "t", column: "a,b", insert: "'x','y" }, "insert"],
    [{ table: "t", delete: 7 }, "delete"],
    [{ table: "t", delete: "" }, "delete"],
    [{ table: "t", column: ["a", "b"], delete: 7 }, "column"],
    [{ query: "drop", table: "t" }, "query"],
    [{ query: "insert", table: "t", values: 7 }, "values"],
    [{ query: "delete", table: "t" }, "condition"],
    [{ query: "update", table: "t", values: { a: 1 } }, "condition"],
    [{ query: "update", table: "t", condition: "1=1" }, "values"],
  ];
  for (const [body, field] of wrongWrites)
    it(`of the write ${JSON.stringify(body)}: ${field}`, () => {
      const { code, field: named } = refusal(parseWrite, body);
      assert.deepEqual([code, named], ["bad_request", field]);
    });

  it("suggests the key that was meant", () => {
    const { field, message } = refusal(parseRead, { table: "t", wher: "a=1" });
    assert.equal(field, "wher");
    assert.match(message, /did you mean where\?/);
    assert.match(refusal(parseWrite, { op: "inser", table: "t" }).message, /did you mean insert\?/);
  });

  it("bounds lists of conditions before it reads them", () => {
    const many = Array.from({ length: 300 }, () => "a=1");
    assert.match(refusal(parseRead, { table: "t", where: many }).message, /more than 256/);
    const nested = Array.from({ length: 200 }, () => "a=1 or b=2");
    assert.match(refusal(parseRead, { table: "t", where: nested }).message, /more than 256/);
  });
});

describe("any body", () => {
  const key = fc.constantFrom(
    ...["op", "table", "row", "rows", "set", "where", "insert", "delete", "column", "columns", "query"],
    ...["values", "condition", "count", "limit", "orderBy", "__proto__", "x"],
  );
  const leaf = fc.oneof(
    fc.constantFrom("insert", "update", "delete", "a=1", "a,b", "*"),
    fc.string(),
    fc.jsonValue(),
  );
  it("is understood or refused", () => {
    fc.assert(
      fc.property(fc.oneof(fc.dictionary(key, leaf), fc.jsonValue()), (body) => {
        for (const parse of [parseRead, parseWrite])
          try {
            parse(body);
          } catch (error) {
            assert.ok(error instanceof Refusal, String(error));
          }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the bytes of a body", () => {
  const read = (text: string) => jsonFrom(Buffer.from(text));

  it("keep every digit of a number that a double cannot hold", () => {
    assert.deepEqual(
      read('{"a":12345678901234567890,"b":[-99999999999999999,1.5,7],"c":"12345678901234567890"}'),
      {
        a: "12345678901234567890",
        b: ["-99999999999999999", 1.5, 7],
        c: "12345678901234567890",
      },
    );
    assert.deepEqual(read('{"a":1e999,"b\\"":1e3}'), { a: "1e999", 'b"': 1000 });
  });

  it("are refused when they are not JSON or not UTF-8", () => {
    for (const bytes of [Buffer.from("{"), Buffer.from(""), Buffer.from([0x22, 0xff, 0x22])]) {
      const { code, field } = refusal(() => jsonFrom(bytes), "");
      assert.deepEqual([code, field], ["bad_request", "(body)"]);
    }
  });

  it("are refused by the field's path when half a character stands in a text or a key", () => {
    const half = "\\ud83d";
    const bodies: readonly (readonly [body: string, field: string])[] = [
      [
        `{"op":"insert","table":"users","rows":[{"username":"a"},{"username":"x${half}"}]}`,
        "rows[1].username",
      ],
      [`{"op":"update","table":"users","set":{"password":"${half}x"},"where":"1=1"}`, "set.password"],
      [`{"op":"insert","table":"users","row":{"${half}":1}}`, "row.\ufffd"],
      [`{"table":"users","column":["username","password"],"insert":["a","${half}"]}`, "insert[1]"],
      [`{"table":"users","column":"username,password","insert":"'a','\\uDE00'"}`, "insert"],
      [`{"table":"users","where":{"username":["a","\\ude00\\ud83d"]}}`, "where.username[1]"],
      [`{"table":"users","where":"username = '${half}'"}`, "where"],
      [`"${half}"`, "(body)"],
    ];
    for (const [body, named] of bodies) {
      const { code, field, message } = refusal(() => read(body), "");
      assert.deepEqual([code, field], ["bad_request", named], body);
      assert.match(message, /lone surrogate/);
    }
    assert.deepEqual(read('{"a":"\\ud83d\\ude00","b":"\\\\ud83d"}'), { a: "😀", b: "\\ud83d" });
    const deep = `${"[".repeat(200_000)}"${half}"${"]".repeat(200_000)}`;
    assert.equal(refusal(() => read(deep), "").field?.length, 200);
  });

  it("mean what JSON.parse says wherever that loses nothing", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify({ value, long: "1234567890123456789" });
        const unsafe = /(?<![\d.])-?\d{16,}(?![\d.])/.test(JSON.stringify(value));
        if (!unsafe) assert.deepEqual(read(text), JSON.parse(text));
      }),
    );
  });
});

describe("an idempotency key", () => {
  const statement = parseWrite({ op: "insert", table: "t", row: { a: 1 } });

  it("is marked as the client's and comes with the request's fingerprint", () => {
    const first = clientKeyFrom("k-1", statement);
    assert.equal(first?.key, "c:k-1");
    assert.deepEqual(clientKeyFrom("k-1", statement), first);
    const other = parseWrite({ op: "insert", table: "t", row: { a: 2 } });
    assert.notEqual(clientKeyFrom("k-1", other)?.hash, first?.hash);
  });

  const hashOf = (body: unknown) => clientKeyFrom("k", parseWrite(body))?.hash;
  const insert = (row: object) => ({ op: "insert", table: "t", row });
  const update = (set: object, where: unknown) => ({ op: "update", table: "t", set, where });
  const remove = (where: unknown) => ({ op: "delete", table: "t", where });

  for (const [what, one, other] of [
    ["a row", insert({ a: 1, b: 2 }), insert({ b: 2, a: 1 })],
    [
      "rows",
      {
        op: "insert",
        table: "t",
        rows: [
          { a: 1, b: 2 },
          { a: 3, b: 4 },
        ],
      },
      {
        rows: [
          { b: 2, a: 1 },
          { a: 3, b: 4 },
        ],
        table: "t",
        op: "insert",
      },
    ],
    ["set", update({ a: 1, b: "x" }, { id: 3 }), update({ b: "x", a: 1 }, { id: 3 })],
    ["where", remove({ a: 1, b: [2, 3], c: null }), remove({ c: null, b: [2, 3], a: 1 })],
    ["operators", remove({ a: { ">": 1, "<": 9 } }), remove({ a: { "<": 9, ">": 1 } })],
    ["set and where", update({ a: 1, b: 2 }, { c: 3, d: 4 }), update({ b: 2, a: 1 }, { d: 4, c: 3 })],
    ["a text where", remove("b = 1 AND a = 2"), remove({ a: 2, b: 1 })],
    [
      "a pattern with an escape",
      remove("b LIKE 'x!_y' ESCAPE '!' AND a = 1 AND c = d"),
      remove("c = d AND a = 1 AND b LIKE 'x!_y' ESCAPE '!'"),
    ],
    ["a text with OR", remove("b = 1 OR (a = 2 AND c = 3)"), remove("(c = 3 AND a = 2) OR b = 1")],
  ] as const)
    it(`has the same fingerprint with its keys in another order: ${what}`, () =>
      assert.equal(hashOf(one), hashOf(other)));

  for (const [what, one, other] of [
    ["the values of two columns", insert({ a: 1, b: 2 }), insert({ a: 2, b: 1 })],
    ["the values of two conditions", remove({ a: 1, b: 2 }), remove({ a: 2, b: 1 })],
    [
      "rows",
      { op: "insert", table: "t", rows: [{ a: 1 }, { a: 2 }] },
      { op: "insert", table: "t", rows: [{ a: 2 }, { a: 1 }] },
    ],
    ["a list", remove({ a: [1, 2] }), remove({ a: [2, 1] })],
    ["set and where", update({ a: 1 }, { b: 2 }), update({ b: 2 }, { a: 1 })],
    ["what escapes in a pattern", remove("a LIKE 'x!' ESCAPE '!'"), remove("a LIKE 'x!' ESCAPE '#'")],
    ["AND and OR", remove("a = 1 AND b = 2"), remove("a = 1 OR b = 2")],
    ["what NOT is before", remove("NOT a = 1 AND b = 2"), remove("a = 1 AND NOT b = 2")],
    ["a number and a text", insert({ a: 1 }), insert({ a: "1" })],
    ["insert and upsert", insert({ a: 1 }), { ...insert({ a: 1 }), op: "upsert" }],
  ] as const)
    it(`has another fingerprint when something else is meant: ${what}`, () =>
      assert.notEqual(hashOf(one), hashOf(other)));

  it("is not needed", () => assert.equal(clientKeyFrom(undefined, statement), undefined));

  it("is refused when empty, too long or not visible ASCII", () => {
    for (const key of ["", "x".repeat(201), "a b", "ä"])
      assert.equal(
        refusal(() => headerIn({ "idempotency-key": key }, idempotencyKey), "").field,
        "Idempotency-Key",
      );
  });
});
