// Every body that RideShare's clients are known to send, and the native form beside them, on the real data path.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { useCluster } from "../support/cluster.ts";
import { clear, type Row, rowsNow, written } from "../support/database.ts";

useCluster();

const password = "3d725109c7e7c0bfb9d709836735b56d943d263f";
const names = (): Promise<readonly Row[]> =>
  rowsNow({ table: "users", columns: ["username"], orderBy: "username" });

describe("writes", () => {
  const asha = [{ username: "asha", password }];
  const inserts: readonly Row[] = [
    { table: "users", column: ["username", "password"], insert: ["asha", password] },
    { table: "users", columns: ["username", "password"], insert: ["asha", password] },
    { table: "users", column: "username,password", insert: `'asha','${password}'` },
    { table: "users", column: "'username','password'", insert: `'asha','${password}'` },
    { query: "insert", table: "users", values: { username: "asha", password } },
    { op: "insert", table: "users", row: { username: "asha", password } },
    { op: "insert", table: "users", rows: [{ username: "asha", password }] },
    { op: "upsert", table: "users", rows: [{ username: "asha", password }] },
  ];
  for (const body of inserts)
    test(`inserts by ${JSON.stringify(body)}`, async () => {
      await clear();
      await written(body);
      assert.deepEqual(await rowsNow({ table: "users" }), asha);
    });

  const deletes: readonly Row[] = [
    { table: "users", delete: "username = 'asha'" },
    { table: "users", column: "username", delete: "asha" },
    { query: "delete", table: "users", condition: { username: "asha" } },
    { op: "delete", table: "users", where: { username: "asha" } },
    { op: "delete", table: "users", where: "username == 'asha' AND 1=1" },
  ];
  for (const body of deletes)
    test(`deletes by ${JSON.stringify(body)}`, async () => {
      await clear();
      await written({
        op: "insert",
        table: "users",
        rows: ["asha", "bela"].map((username) => ({ username, password })),
      });
      await written(body);
      assert.deepEqual(await names(), [{ username: "bela" }]);
    });

  test("updates by set and where, and answers how many rows it changed", async () => {
    await clear();
    await written({
      op: "insert",
      table: "users",
      rows: ["a", "b"].map((username) => ({ username, password })),
    });
    const answer = await written({
      op: "update",
      table: "users",
      set: { password: "new" },
      where: "username > 'a'",
    });
    assert.equal((answer.body as { rowsAffected: number }).rowsAffected, 1);
    assert.deepEqual(await rowsNow({ table: "users", where: { username: "b" } }), [
      { username: "b", password: "new" },
    ]);
  });

  test("deletes a ride by its number, which the insert answered", async () => {
    await clear();
    await written({ op: "insert", table: "users", row: { username: "asha", password } });
    const ride = { created_by: "asha", timestamp: "t", source: 1, destination: 2 };
    const inserted = await written({ op: "insert", table: "rides", rows: [ride, ride] });
    const { ids } = inserted.body as { ids: number[] };
    assert.equal(ids.length, 2);
    await written({ table: "rides", column: "ride_id", delete: ids[0] });
    assert.deepEqual(await rowsNow({ table: "rides", columns: ["ride_id"] }), [{ ride_id: ids[1] }]);
  });
});

describe("reads", () => {
  before(async () => {
    await clear();
    await written({
      op: "insert",
      table: "users",
      rows: ["asha", "bela", "o'hara"].map((username) => ({ username, password })),
    });
    await written({
      op: "insert",
      table: "rides",
      rows: [1, 2, 3, 4].map((n) => ({
        created_by: n < 4 ? "asha" : "bela",
        timestamp: `t${n}`,
        source: n,
        destination: 9,
      })),
    });
  });

  const asha = [{ username: "asha" }];
  const all = [{ username: "asha" }, { username: "bela" }, { username: "o'hara" }];
  const rides = (...sources: number[]) => sources.map((source) => ({ source }));
  const users = { table: "users", columns: ["username"] };
  const sources = { table: "rides", columns: ["source"], orderBy: "source" };
  const cases: readonly (readonly [Row, readonly Row[]])[] = [
    [{ ...users, where: "username='asha'" }, asha],
    [{ ...users, where: "username == 'asha'" }, asha],
    [{ ...users, where: "username  =  'asha'" }, asha],
    [{ ...users, where: "username=asha" }, asha],
    [{ ...users, where: "username = 'o''hara'" }, [{ username: "o'hara" }]],
    [{ ...users, where: { username: "o'hara" } }, [{ username: "o'hara" }]],
    [{ table: "users", column: "username", where: "username = 'asha'" }, asha],
    [
      { table: "users", column: "username,password", where: "username = 'asha'" },
      [{ username: "asha", password }],
    ],
    [{ table: "users", column: "*", where: "username = 'asha'" }, [{ username: "asha", password }]],
    [{ ...users, condition: { username: "asha" } }, asha],
    [{ ...users, where: ["username >= 'a'", "username < 'b'"] }, asha],
    [{ ...users, where: "1=1", orderBy: "username" }, all],
    [{ ...users, orderBy: "username" }, all],
    [{ ...users, orderBy: "username desc", limit: 1 }, [{ username: "o'hara" }]],
    [{ ...users, where: "username = 'nobody'" }, []],
    [{ table: "rides", count: 1 }, [{ count: 4 }]],
    [{ table: "rides", count: true, where: { created_by: "asha" } }, [{ count: 3 }]],
    [{ ...sources, where: "source != 2" }, rides(1, 3, 4)],
    [{ ...sources, where: "source <= 2" }, rides(1, 2)],
    [{ ...sources, where: "source < 2 OR source > 3" }, rides(1, 4)],
    [{ ...sources, where: "source >= 2 AND (created_by = 'bela' OR source = 3)" }, rides(3, 4)],
    [{ ...sources, where: "source IN (1, 4)" }, rides(1, 4)],
    [{ ...sources, where: "source NOT IN (1, 4)" }, rides(2, 3)],
    [{ ...sources, where: "created_by LIKE 'b%'" }, rides(4)],
    [{ ...sources, where: "timestamp IS NULL" }, []],
    [{ ...sources, where: { created_by: "asha", source: 2 } }, rides(2)],
    [{ ...sources, where: { source: { ">": 2 } } }, rides(3, 4)],
  ];
  for (const [body, expected] of cases)
    test(`reads by ${JSON.stringify(body)}`, async () => {
      assert.deepEqual(await rowsNow(body), expected);
    });
});
