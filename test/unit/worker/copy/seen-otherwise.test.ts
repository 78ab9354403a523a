// A record says what its master saw: a copy on which something else comes of it is damaged.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type BatchRecord, checksumOf, decodeRecord, encodeRecord } from "../../../../core/log/record.ts";
import type { WriteStatement } from "../../../../core/messages/statement.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { committed, unlimited } from "../../../fakes/commits.ts";
import { contentsOf, openCopy } from "../copies.ts";
import { shop } from "../schemas.ts";

describe("a copy that applies a record of SQL", () => {
  const sql = "INSERT INTO orders (item) SELECT hex(randomblob(4)) || datetime() RETURNING item";
  const statement: WriteStatement = { shape: { kind: "sql", sql }, rows: [[]] };
  const atMs = Date.UTC(2026, 0, 2, 3, 4, 5);

  /** As its master recorded it. */
  async function recorded(t: Parameters<typeof openCopy>[0]) {
    const master = await openCopy(t, shop);
    const records: BatchRecord[] = [];
    const writes = [
      { ...statement, item: { index: 0, shape: 0, rows: statement.rows, key: "k" }, message: "api-1" },
    ];
    const input = { writes, chores: [], epoch: 1, atMs, logMs: 1, limits: unlimited };
    await committed(ledgerOf(master), input, async (content) => {
      records.push(decodeRecord(content) as BatchRecord);
      return { offset: 101, checksum: checksumOf(content) };
    });
    return { master, record: records[0] as BatchRecord };
  }
  const entryOf = (record: BatchRecord) => ({
    record,
    offset: 101,
    checksum: checksumOf(encodeRecord(record)),
  });

  it("holds the same afterwards", async (t) => {
    const { master, record } = await recorded(t);
    const slave = await openCopy(t, shop);
    await slave.apply([entryOf(record)]);
    assert.deepEqual(await contentsOf(slave), await contentsOf(master));
  });

  it("repeats what a master accepted before the bound of patterns was narrower", async (t) => {
    const pattern = `%${"a".repeat(899)}`;
    const of = (sql: string, params: readonly string[], lastInsertRowid: string) => ({
      shape: { kind: "sql" as const, sql },
      rows: [params],
      seen: { atMs, rowsAffected: 1, lastInsertRowid },
    });
    const insertion = "INSERT INTO orders (item) SELECT 'tea' WHERE 'b' NOT LIKE ?";
    const definition = `CREATE TRIGGER compares AFTER INSERT ON people BEGIN SELECT new.name LIKE '${pattern}'; END`;
    const { record } = await recorded(t);
    const copy = await openCopy(t, shop);
    // Alone, several in one call, one that changes the schema, and a row form that sets off what it made.
    const defined = { kind: "sql" as const, sql: definition, schema: true as const };
    const person = { kind: "insert" as const, table: "people", columns: ["name"] };
    const records: BatchRecord["effects"][] = [
      [of(insertion, [pattern], "1")],
      [of(insertion, [pattern], "2"), of(insertion, [pattern], "3")],
      [{ shape: defined, rows: [[]], seen: { atMs, rowsAffected: 0 } }],
      [{ shape: person, rows: [["ada"]], seen: { atMs, rowsAffected: 1 } }],
    ];
    for (const [i, effects] of records.entries()) {
      const next = { ...record, keys: [], effects, position: record.position + i };
      await copy.apply([{ ...entryOf(next), offset: 101 + i }]);
    }
    assert.deepEqual(await copy.writer.all("SELECT count(*) AS n FROM orders"), [{ n: 3 }]);
  });

  it("is damaged when it sees something else, and says what", async (t) => {
    const { record } = await recorded(t);
    const [effect] = record.effects;
    assert.ok(effect !== undefined && "seen" in effect && effect.seen !== undefined);
    const { seen } = effect;
    const others = [
      [{ ...seen, rowsAffected: 2 }, /1 rows are changed here, 2 were on the master/],
      [{ ...seen, lastInsertRowid: "7" }, /gets the number 1 here, 7 on the master/],
      [{ ...seen, seed: "another" }, /other rows are returned/],
      [{ ...seen, atMs: 0 }, /other rows are returned/],
      [{ atMs, rowsAffected: 1 }, /no seed/],
    ] as const;
    for (const [other, message] of others) {
      const slave = await openCopy(t, shop);
      const changed = { ...record, effects: [{ ...effect, seen: other }] };
      await assert.rejects(slave.apply([entryOf(changed)]), (error: unknown) => {
        assert.ok(error instanceof Error && error.name === "DivergedError", String(error));
        assert.match(String(error.cause), message);
        return true;
      });
      assert.equal(slave.applied.position, 1);
    }
  });

  it("keeps nothing of those before the one that it sees otherwise", async (t) => {
    const { record } = await recorded(t);
    const [effect] = record.effects;
    assert.ok(effect !== undefined && "seen" in effect && effect.seen !== undefined);
    const { lastInsertRowid: _number, returned: _hash, ...seen } = effect.seen;
    const of = (sql: string, lastInsertRowid?: string) => ({
      shape: { kind: "sql" as const, sql },
      rows: [[]],
      seen: { ...seen, ...(lastInsertRowid === undefined ? {} : { lastInsertRowid }) },
    });
    const insertion = "INSERT INTO orders (item) VALUES ('tea')";
    const effects = [of(insertion, "1"), of("DELETE FROM orders WHERE item = 'milk'"), of(insertion, "2")];
    const slave = await openCopy(t, shop);
    await assert.rejects(slave.apply([entryOf({ ...record, effects })]), (error: unknown) => {
      assert.match(String((error as Error).cause), /0 rows are changed here, 1 were.*DELETE FROM orders/);
      return true;
    });
    assert.deepEqual(await slave.writer.all("SELECT * FROM orders"), []);
    assert.equal(slave.applied.position, 1);
  });
});
