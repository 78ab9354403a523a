// Worker programs on a real broker and a real ZooKeeper: what they are, how they take over, what survives.
import assert from "node:assert/strict";
import { hostname } from "node:os";
import { after, before, describe, it } from "node:test";
import type { WriteStatement } from "../../core/messages/statement.ts";
import { toJson } from "../../core/state/znodes.ts";
import { peopleSchema, smallSpec } from "./small-spec.ts";
import { found, notYet, until } from "./until.ts";
import { WorkerWorld } from "./worker-world.ts";

const person = (name: string, age = 0): WriteStatement => ({
  shape: { kind: "insert", table: "people", columns: ["name", "age"] },
  rows: [[name, age]],
});
const everyone = { shape: { kind: "select", table: "people", columns: ["name"] }, params: [] } as const;

describe("workers without a controller", () => {
  let world: WorkerWorld;
  let written = 0;
  before(async () => {
    world = await WorkerWorld.open();
  });
  after(() => world.close());

  const add = async (name: string, identity?: { readonly key: string; readonly hash: string }) => {
    const answer = await world.write(person(name), identity);
    assert.equal(answer.ok, true, JSON.stringify(answer.json));
    written += 1;
    return answer;
  };

  it("the first becomes master, those that come later serve reads, however low their pids", async () => {
    await world.start("w-1", 300);
    await world.untilStates({ "w-1": "master" });
    await world.start("w-2", 200);
    await world.start("w-3", 100);
    await world.untilStates({ "w-1": "master", "w-2": "slave", "w-3": "slave" });
  });

  it("a write is answered with its position and reaches every copy", async () => {
    const { json, position } = await add("ada");
    assert.deepEqual(json, { rowsAffected: 1, position });
    await world.untilEqual(["w-1", "w-2", "w-3"]);
    const read = await world.read(everyone, position);
    assert.deepEqual(read.json, [{ name: "ada" }]);
    assert.notEqual(read.worker, "w-1");
  });

  it("when the master is killed the slave with the lowest pid takes over, and a write sent meanwhile is answered", async () => {
    await add("before", { key: "c:one", hash: "h" });
    await world.kill("w-1");
    await add("meanwhile");
    await world.untilStates({ "w-3": "master", "w-2": "slave" });
    const { position } = await add("after");
    await world.untilEqual(["w-2", "w-3"]);
    const { json } = await world.read(everyone, position);
    assert.equal((json as unknown as unknown[]).length, written);
  });

  it("a client's repeated request gets its first answer from the new master as well", async () => {
    const { ok, json, position } = await world.write(person("before"), { key: "c:one", hash: "h" });
    assert.deepEqual([ok, json], [true, { rowsAffected: 1, position }]);
    const other = await world.write(person("other"), { key: "c:one", hash: "another" });
    assert.equal(other.json.code, "key_reused");
  });

  it("a replaced worker comes back as a slave with everything it missed", async () => {
    await world.start("w-1", 400);
    await world.untilStates({ "w-3": "master", "w-2": "slave", "w-1": "slave" });
    await world.untilEqual(["w-1", "w-2", "w-3"]);
  });

  it("a master that is told to stop hands over without waiting for its session to expire", async () => {
    const [stopped] = await Promise.all([world.stop("w-3"), add("while stopping")]);
    assert.equal(stopped, undefined);
    await world.untilStates({ "w-2": "master", "w-1": "slave" });
    await add("after stopping");
  });

  it("a master that nobody notices to be dead is replaced when its session expires", async () => {
    // For w-3 alone, which leads next and will hang then: it must be replaced before the broker takes its connection for dead.
    await world.publishSpec({ failover: { sessionTimeoutMs: 4_000 } });
    await world.start("w-3", 100);
    await world.untilStates({ "w-3": "slave" });
    await world.publishSpec({ failover: smallSpec.failover });
    await world.killUnnoticed("w-2");
    await world.untilStates({ "w-3": "master", "w-1": "slave" });
    await add("after expiry");
  });

  it("a hung master is replaced, and does no harm when it wakes up", async () => {
    await world.start("w-2", 200);
    await world.untilStates({ "w-2": "slave" });
    world.signal("w-3", "SIGSTOP");
    await world.untilStates({ "w-2": "master", "w-1": "slave" });
    const names = Array.from({ length: 40 }, (_, i) => `while hung ${i}`);
    const writing = names.map((name) => add(name));
    world.signal("w-3", "SIGCONT");
    await Promise.all(writing);
    await world.untilStates({ "w-2": "master", "w-1": "slave", "w-3": "slave" });
    const held = JSON.parse(await world.untilEqual(["w-1", "w-2", "w-3"]));
    assert.equal(held.tables.people.rows, written);
  });

  it("a worker that was taken for dead leaves and comes back", async () => {
    await world.session.remove(world.paths.worker("w-1"));
    await world.untilStates({ "w-1": "slave" });
  });

  it("a column that the manifest adds can be written at once, and one that it may not add changes nothing", async () => {
    const [people, notes] = peopleSchema.tables as [
      (typeof peopleSchema.tables)[0],
      (typeof peopleSchema.tables)[0],
    ];
    const city = { name: "city", type: "text" } as const;
    const columns = [...people.columns, city];
    await world.publishSpec({ database: { tables: [{ ...people, columns }, notes] } });
    const add = () =>
      world.write({
        shape: { kind: "insert", table: "people", columns: ["name", "city"], onConflict: "update" },
        rows: [["ada", "London"]],
      });
    await until("the column can be written", 30_000, async () => {
      const { ok, json } = await add();
      return ok ? found(json) : notYet(json);
    });
    // All were written with the age 0: the data does not allow this index.
    const indexes = [{ columns: ["age"], unique: true }];
    await world.publishSpec({ database: { tables: [{ ...people, columns, indexes }, notes] } });
    await world.write(person("after a refused index"));
    written += 1;
    await world.untilStates({ "w-2": "master", "w-1": "slave", "w-3": "slave" });
    await world.untilEqual(["w-1", "w-2", "w-3"]);
  });

  it("a slave that is scaled in finishes and ends, a master does not heed it", async () => {
    await world.session.put(world.paths.drain("w-2"), toJson({ container: "", atMs: 0 }));
    await world.session.put(world.paths.drain("w-1"), toJson({ container: "", atMs: 0 }));
    assert.equal(await world.exit("w-1"), 0);
    await add("after draining");
    await world.untilStates({ "w-2": "master" });
  });

  it("all killed at once come back with every acknowledged write", async () => {
    await Promise.all(["w-2", "w-3"].map((name) => world.kill(name)));
    await world.session.remove(world.paths.drain("w-2"));
    await world.start("w-2", 500);
    await world.start("w-3", 600);
    await add("after the end of all");
    const held = JSON.parse(await world.untilEqual(["w-2", "w-3"]));
    assert.equal(held.tables.people.rows, written);
  });

  it("a master whose znode somebody removed makes room, though it has the lowest pid itself", async () => {
    const before = await until("there is a master", 30_000, async () => {
      const master = await world.master();
      return master === null ? notYet(master) : found(master);
    });
    await world.session.put(world.paths.pid(before.name), toJson({ pid: 1, container: hostname() }));
    await until("it has the lowest pid", 30_000, async () => {
      const pids = (await world.workers()).map(({ name, pid }) => [name, pid]);
      return pids.some(([name, pid]) => name === before.name && pid === 1) ? found(true) : notYet(pids);
    });
    await world.session.remove(world.paths.master);
    await until("a new epoch", 30_000, async () => {
      const master = await world.master();
      return (master?.epoch ?? 0) > before.epoch ? found(true) : notYet(master);
    });
    await add("after a master's znode was removed");
  });

  it("new workers with empty disks rebuild everything from the log alone", async () => {
    await Promise.all(["w-2", "w-3"].map((name) => world.kill(name)));
    await world.start("w-8", 800);
    await add("after the loss of all disks");
    const held = JSON.parse(await world.untilEqual(["w-8"]));
    assert.equal(held.tables.people.rows, written);
  });
});
