// Statements of libSQL clients beside transactions: where they go, and those that change the schema.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
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
const shapes = () => world.sent.splice(0);

beforeEach(async () => {
  world.lost = undefined;
  world.clock.aheadMs = 0;
  await newClient().sql("DELETE FROM people");
  shapes();
});

describe("statements that change the schema", () => {
  it("are part of a transaction like any other, as one write or by trials", async () => {
    assert.deepEqual(
      await newClient().batch(
        ...chain("CREATE TABLE made (n INTEGER PRIMARY KEY)", "INSERT INTO made VALUES (7)"),
      ),
      [0, 0, 1, 0, null],
    );
    assert.deepEqual(shapes(), [{ kind: "batch", trial: false }]);
    const one = newClient();
    await one.sql("BEGIN");
    assert.deepEqual(
      [await one.sql("ALTER TABLE made ADD COLUMN m TEXT"), await one.sql("UPDATE made SET m = 'x'")],
      [0, 1],
    );
    assert.equal(await newClient().sql("SELECT m FROM made"), "SQLITE_ERROR");
    assert.deepEqual([await one.sql("COMMIT"), await newClient().sql("SELECT m FROM made")], [0, "x"]);
  });

  it("are undone with their transaction", async () => {
    const one = newClient();
    await one.sql("BEGIN");
    await one.sql("CREATE TABLE given_up (n INTEGER PRIMARY KEY)");
    await one.sql("ROLLBACK");
    assert.equal(await one.sql("SELECT * FROM given_up"), "SQLITE_ERROR");
  });

  it("are described", async () => {
    const [described] = await newClient().send({
      type: "describe",
      sql: "CREATE TABLE d (n INTEGER PRIMARY KEY)",
    });
    assert.equal(described.response.result.is_readonly, false);
  });

  it("are asked about by PRAGMA, of slaves or inside of a transaction", async () => {
    const one = newClient();
    await one.sql("BEGIN");
    await one.sql("CREATE TABLE asked (n INTEGER PRIMARY KEY, m TEXT)");
    const [inside] = await one.send({ type: "execute", stmt: { sql: "PRAGMA table_info(asked)" } });
    assert.equal(inside.response.result.rows.length, 2);
    await one.sql("ROLLBACK");
    assert.equal(await one.sql("PRAGMA user_version = 5"), 0);
    assert.equal(await one.sql("PRAGMA user_version"), "5");
  });
});

describe("statements outside of transactions", () => {
  it("are read by slaves that have what was written before, and are counted", async () => {
    const one = newClient();
    const { counted } = world;
    await one.sql(insert("a"));
    assert.deepEqual([await one.sql(count), world.counted - counted], ["1", 1]);
    assert.deepEqual(shapes(), [{ kind: "sql", trial: false }]);
  });

  it("go on after a loss that was accepted: the log is asked how far it is", async () => {
    const one = newClient();
    await one.sql(insert("a"));
    world.newestPosition += 1_000;
    assert.equal(await one.sql(count), "1");
    world.newestPosition += 1_000;
    assert.deepEqual([await one.sql("BEGIN"), await one.sql(count), await one.sql("COMMIT")], [0, "1", 0]);
    assert.ok(world.newestPosition < 1_000);
  });

  it("are told apart by their words", async () => {
    const one = newClient();
    const withWrite = "WITH x(n) AS (SELECT 'w') INSERT INTO people (name) SELECT n FROM x";
    const withRead = "/* a */ WITH replace AS (SELECT 1 AS n) SELECT n FROM replace";
    assert.deepEqual(
      [await one.sql(withWrite), await one.sql(withRead), (await one.sql("explain select 1")) !== null],
      [1, "1", true],
    );
    assert.deepEqual([await one.sql("PRAGMA foreign_keys=off"), await one.sql("  ")], [0, "SQLITE_ERROR"]);
    assert.deepEqual(shapes(), [{ kind: "sql", trial: false }]);
  });
});
