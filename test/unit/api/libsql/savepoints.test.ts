// Savepoints of libSQL clients: what they undo, how they stand in each other, and the transaction that one begins by itself.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { Stream } from "../../../../api/libsql/stream.ts";
import { libsqlLimits } from "../../../../api/limits.ts";
import { undoneAfterwards } from "../../worker/copies.ts";
import { shop } from "../../worker/schemas.ts";
import { Client, chain, count, insert } from "./client.ts";
import { openWorld, type World } from "./world.ts";

const undoing = undoneAfterwards();
let world: World;
before(async () => {
  world = await openWorld(undoing, shop);
});
const newClient = () => new Client(world);
beforeEach(() => newClient().sql("DELETE FROM people"));

describe("savepoints", () => {
  const said = async (client: Client, ...statements: readonly string[]): Promise<readonly unknown[]> => {
    const all: unknown[] = [];
    for (const sql of statements) all.push(await client.sql(sql));
    return all;
  };

  it("undo what stands behind them, and stay until they are released", async () => {
    const one = newClient();
    assert.deepEqual(
      await said(
        one,
        ...["BEGIN", insert("a"), "SAVEPOINT x", insert("b"), "ROLLBACK TO x", insert("c")],
        ...["ROLLBACK TRANSACTION TO SAVEPOINT X", count, insert("d"), 'RELEASE SAVEPOINT "x"', "COMMIT"],
      ),
      [0, 1, 0, 1, 0, 1, 0, "1", 1, 0, 0],
    );
    const names = await one.sql("SELECT group_concat(name) FROM (SELECT name FROM people ORDER BY name)");
    assert.equal(names, "a,d");
    assert.deepEqual(
      world.records
        .at(-1)
        ?.effects.map((effect) => "rows" in effect && "sql" in effect.shape && effect.shape.sql),
      [insert("a"), insert("d")],
    );
  });

  it("of a transaction that is all there go to the master with it, as one write", async () => {
    world.sent.length = 0;
    const one = newClient();
    const whole = ["SAVEPOINT x", insert("a"), "ROLLBACK TO x", insert("b"), count, "RELEASE x"];
    assert.deepEqual(await one.batch(...chain(...whole)), [0, 0, 1, 0, 1, "1", 0, 0, null]);
    assert.deepEqual(world.sent, [{ kind: "batch", trial: false }]);
    world.sent.length = 0;
    const wrong = await one.batch(...chain(insert("c"), "SAVEPOINT x", "RELEASE y", insert("d")));
    assert.deepEqual(wrong, [0, 1, 0, "SQLITE_ERROR", null, null, 0]);
    assert.ok(world.sent.every(({ trial }) => trial));
    assert.equal(await one.sql("SELECT group_concat(name) FROM people"), "b");
  });

  it("stand in each other, and of one name the last is meant", async () => {
    assert.deepEqual(
      await said(
        newClient(),
        ...["BEGIN", "SAVEPOINT x", insert("a"), "SAVEPOINT x", insert("b"), "SAVEPOINT y", insert("c")],
        ...["ROLLBACK TO x", count, "RELEASE y", "RELEASE x", "ROLLBACK TO x", count, "COMMIT"],
      ),
      [0, 0, 1, 0, 1, 0, 1, 0, "1", "SQLITE_ERROR", 0, 0, "0", 0],
    );
  });

  it("begin a transaction where there is none, and commit it when the first of them is released", async () => {
    const one = newClient();
    assert.deepEqual(
      await said(one, "SAVEPOINT a", insert("a"), "SAVEPOINT b", insert("b"), "RELEASE b"),
      [0, 1, 0, 1, 0],
    );
    assert.equal(await newClient().sql(count), "0");
    assert.deepEqual(await said(one, "RELEASE a", "ROLLBACK", count), [0, "SQLITE_ERROR", "2"]);
    assert.deepEqual(await said(one, "SAVEPOINT a", insert("c"), "ROLLBACK TO a", "COMMIT", count), [
      0,
      1,
      0,
      0,
      "2",
    ]);
    assert.deepEqual(await said(one, "BEGIN", "SAVEPOINT a", insert("d"), "RELEASE a", "ROLLBACK", count), [
      ...[0, 0, 1, 0, 0, "2"],
    ]);
  });

  it("that are not there are told by their names", async () => {
    const [released] = await newClient().send({ type: "execute", stmt: { sql: "RELEASE nowhere" } });
    assert.deepEqual(released.error, { message: "no such savepoint: nowhere", code: "SQLITE_ERROR" });
    assert.deepEqual(
      await said(newClient(), "BEGIN", "ROLLBACK TO x", "SAVEPOINT", "SAVEPOINT a b", insert("a"), "COMMIT"),
      [0, "SQLITE_ERROR", "SQLITE_ERROR", "SQLITE_ERROR", 1, 0],
    );
  });

  it("undo no memory of what was read behind them", async () => {
    const one = newClient();
    await said(one, "BEGIN", "SAVEPOINT x", count, "ROLLBACK TO x");
    await newClient().sql(insert("z"));
    assert.deepEqual(await said(one, insert("a"), "ROLLBACK", count), ["SQLITE_BUSY", 0, "1"]);
  });

  it("undo a reference that leads nowhere, and a change of the schema", async () => {
    const one = newClient();
    await one.sql(
      "CREATE TABLE item (n INTEGER PRIMARY KEY, up REFERENCES item DEFERRABLE INITIALLY DEFERRED)",
    );
    assert.deepEqual(
      await said(
        one,
        ...[
          "BEGIN",
          "SAVEPOINT x",
          "INSERT INTO item VALUES (1, 7)",
          "CREATE TABLE more (a)",
          "ROLLBACK TO x",
        ],
        ...["INSERT INTO item VALUES (2, NULL)", "SELECT a FROM more", "COMMIT"],
      ),
      [0, 0, 1, 0, 0, 1, "SQLITE_ERROR", 0],
    );
    assert.deepEqual(
      await said(
        one,
        "BEGIN",
        "SAVEPOINT x",
        "INSERT INTO item VALUES (1, 7)",
        "RELEASE x",
        "COMMIT",
        "ROLLBACK",
      ),
      [0, 0, 1, 0, "CONSTRAINT_VIOLATION", 0],
    );
    await said(one, "DROP TABLE item");
  });

  it("that there is no room for begin nothing", async () => {
    let open = 0;
    const stream = new Stream({
      database: world.database,
      newMoment: () => ({ atMs: 1, seed: "s" }),
      kept: { bytes: libsqlLimits.transactionsBytesMax },
      stored: { bytes: 0 },
      mayBegin: () => {
        open += 1;
        return true;
      },
      onEnd: () => {
        open -= 1;
      },
    });
    const set = stream.readyFrom({ text: { sql: "SAVEPOINT x" }, params: [], wantRows: true });
    assert.ok(!("fate" in set));
    const { fate } = await stream.execute(set, { mayWrite: () => true, mayDefine: () => false });
    assert.deepEqual([fate, open, stream.isAutocommit], ["error", 0, true]);
  });
});
