import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRead } from "../../../../api/requests/read-request.ts";
import { parseWrite } from "../../../../api/requests/write-request.ts";
import type { Condition, ReadShape, WriteShape } from "../../../../core/messages/statement.ts";
import { refusal } from "./refusals.ts";

const sha1 = "3d725109c7e7c0bfb9d709836735b56d943d263f";
const byName: Condition = { op: "=", column: "username", param: 0 };
const insertUser: WriteShape = { kind: "insert", table: "users", columns: ["username", "password"] };

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
