// Worker programs on a real broker and a real ZooKeeper: what they are, how they take over, what survives.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { WriteStatement } from "../../protocol/statement.ts";
import { WorkerWorld } from "./worker-world.ts";

const person = (name: string, age: number): WriteStatement => ({
  shape: { kind: "insert", table: "people", columns: ["name", "age"] },
  rows: [[name, age]],
});

const everyone = { shape: { kind: "select", table: "people", columns: ["name"] }, params: [] } as const;

describe("workers without a controller", () => {
  let world: WorkerWorld;
  before(async () => {
    world = await WorkerWorld.open();
  });
  after(() => world.close());

  it("the lowest pid becomes master, the others serve reads", async () => {
    await world.start("w-1", 300);
    await world.untilStates({ "w-1": "master" });
    await world.start("w-2", 200);
    await world.start("w-3", 100);
    await world.untilStates({ "w-1": "master", "w-2": "slave", "w-3": "slave" });
  });

  it("a write is answered with its position and reaches every copy", async () => {
    const { ok, json, position } = await world.write(person("ada", 36));
    assert.equal(ok, true);
    assert.deepEqual(json, { rowsAffected: 1, position });
    const read = await world.read(everyone, position);
    assert.deepEqual(read.json, [{ name: "ada" }]);
    assert.notEqual(read.worker, "w-1");
    await world.untilEqual(["w-1", "w-2", "w-3"]);
  });

  it("the slave with the lowest pid takes over, and a write sent meanwhile is answered once", async () => {
    await world.kill("w-1");
    const startedAtMs = performance.now();
    const { ok } = await world.write(person("bob", 40));
    const tookMs = performance.now() - startedAtMs;
    assert.equal(ok, true);
    assert.ok(tookMs < 3_000, `took ${tookMs} ms`);
    await world.untilStates({ "w-3": "master", "w-2": "slave" });
    const { json } = await world.read(everyone, 3);
    assert.deepEqual(json, [{ name: "ada" }, { name: "bob" }]);
  });
});
