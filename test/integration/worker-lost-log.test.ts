// What workers do when the log or ZooKeeper has lost what was acknowledged: the copy that holds it goes on, and where it is not
// there no worker leads. Each worker runs on a file of its own; the broker's losses are made by hand.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { queues } from "../../core/messages/queues.ts";
import type { WriteStatement } from "../../core/messages/statement.ts";
import { fromJson, type LogNode, toJson, type WorkerNode } from "../../core/state/znodes.ts";
import { declareTinyLog, deleteQueue } from "./queue-tampering.ts";
import { memoryQueues } from "./services.ts";
import { found, notYet, until } from "./until.ts";
import { WorkerWorld } from "./worker-world.ts";

const person = (name: string): WriteStatement => ({
  shape: { kind: "insert", table: "people", columns: ["name"] },
  rows: [[name]],
});
const note = (text: string): WriteStatement => ({
  shape: { kind: "insert", table: "notes", columns: ["text"] },
  rows: [[text]],
});
const peopleIn = (held: string): number => JSON.parse(held).tables.people.rows;

describe("workers whose log has lost something", () => {
  let world: WorkerWorld;
  beforeEach(async () => {
    world = await WorkerWorld.open();
  });
  afterEach(() => world.close());

  async function pair(): Promise<void> {
    await world.start("w-1", 100);
    await world.untilStates({ "w-1": "master" });
    await world.start("w-2", 200);
    await world.untilStates({ "w-1": "master", "w-2": "slave" });
  }

  const write = async (...names: string[]) => {
    for (const name of names) assert.equal((await world.write(person(name))).ok, true);
  };

  /** Waits until the worker says what it waits for; it must not be eligible then. */
  async function untilWaits(name: string, why: RegExp): Promise<WorkerNode> {
    return until(`${name} waits`, 60_000, async () => {
      const node = (await world.workers()).find((one) => one.name === name);
      if (node?.waiting === undefined || !why.test(node.waiting)) return notYet(node);
      assert.equal(node.eligible, false);
      assert.equal(await world.master(), null);
      return found(node);
    });
  }

  async function knownLog(): Promise<LogNode | null> {
    const content = await world.session.get(world.paths.log);
    return content === null ? null : fromJson<LogNode>(content.data);
  }

  /** The records that the log holds, from its first. */
  async function recordsOf(count: number): Promise<readonly Buffer[]> {
    const contents: Buffer[] = [];
    const consumer = await world.rabbit.consume(
      queues.sync,
      { prefetch: 100, streamOffset: "first" },
      ({ content, ack }) => {
        contents.push(content);
        ack();
      },
    );
    await until("the records are read", 30_000, async () =>
      contents.length >= count ? found(true) : notYet(contents.length),
    );
    await consumer.close();
    return contents.slice(0, count);
  }

  const makeLog = () => world.rabbit.declareLog({ maxBytes: 2 ** 28, maxAgeSeconds: 3_600 });

  /** As a broker whose volume was put back to an earlier moment: the log ends after its first records. */
  async function shortenLogTo(count: number): Promise<void> {
    const contents = await recordsOf(count);
    await deleteQueue(queues.sync);
    await makeLog();
    for (const content of contents) await world.rabbit.publish(queues.sync, content, { persistent: true });
  }

  /** As a broker that was restarted, and lost nothing. */
  const forgetMemory = async () => {
    for (const queue of memoryQueues()) await deleteQueue(queue);
  };

  /** An empty ZooKeeper in which the controller has listed the volumes. */
  async function emptyZooKeeper(...volumes: string[]): Promise<void> {
    const { session, paths } = world;
    for (const path of [paths.log, paths.epochBase]) await session.remove(path);
    for (const name of volumes) await session.put(paths.copy(name), toJson({ holds: null, atMs: 0 }));
  }

  it("keep everything when the log is deleted while an empty worker joins", async () => {
    await pair();
    await write("a", "b", "c");
    await world.untilEqual(["w-1", "w-2"]);
    await world.start("w-3", 50);
    await deleteQueue(queues.sync);
    await write("d");
    await world.untilStates({ "w-3": "slave" }, 60_000);
    assert.equal(peopleIn(await world.untilEqual(["w-1", "w-2", "w-3"], 60_000)), 4);
  });

  it("do not begin anew when only an empty worker is there after the log was deleted", async () => {
    await pair();
    await write("a", "b", "c");
    await world.untilEqual(["w-1", "w-2"]);
    await world.stop("w-2");
    await world.kill("w-1");
    await deleteQueue(queues.sync);
    await world.start("w-3", 50);
    const { waiting } = await untilWaits("w-3", /waits for w-1, whose copy holds every acknowledged write/);
    assert.match(waiting ?? "", /this copy holds epoch 0, position 0/);
    await world.start("w-2", 200);
    await untilWaits("w-2", /waits for w-1/);
    await world.start("w-1", 100);
    await write("d");
    assert.equal(peopleIn(await world.untilEqual(["w-1", "w-2", "w-3"], 60_000)), 4);
  });

  it("go on from the copy beyond the log's new end, not from one that stands at it", async () => {
    await pair();
    await write("a");
    await world.untilEqual(["w-1", "w-2"]);
    const reached = Number(JSON.parse(await world.inspect("w-2")).position);
    await world.stop("w-2");
    await write("b", "c", "d");
    await world.stop("w-1");
    // A marker, then a record for each position.
    await shortenLogTo(1 + reached);
    await world.start("w-2", 50);
    await untilWaits("w-2", /waits for w-1/);
    await world.start("w-1", 100);
    await write("e");
    assert.equal(peopleIn(await world.untilEqual(["w-1", "w-2"], 60_000)), 5);
  });

  it("go on from a copy beyond a log that was trimmed", async () => {
    await pair();
    await write("a", "b");
    await world.untilEqual(["w-1", "w-2"]);
    await world.stop("w-2");
    await world.stop("w-1");
    await deleteQueue(queues.sync);
    await forgetMemory();
    await declareTinyLog(queues.sync);
    for (let i = 0; i < 12; i++)
      await world.rabbit.publish(queues.sync, Buffer.alloc(50_000, "x"), { persistent: true });
    await world.start("w-1", 100);
    await world.start("w-2", 200);
    await write("c");
    assert.equal(peopleIn(await world.untilEqual(["w-1", "w-2"], 60_000)), 3);
  });

  it("wait for the last master's copy after a restart of the broker, and go on when it is back", async () => {
    await pair();
    await write("a");
    await world.untilEqual(["w-1", "w-2"]);
    await world.stop("w-2");
    await world.kill("w-1");
    const before = await knownLog();
    assert.equal(before?.master, "w-1");
    await forgetMemory();
    await world.start("w-2", 200);
    await untilWaits("w-2", /waits for w-1/);
    await world.start("w-1", 100);
    await write("b");
    await world.untilEqual(["w-1", "w-2"]);
    assert.notEqual((await knownLog())?.broker, before?.broker);
  });

  it("go on without the last master's copy when that ended in order and another holds all that it answered", async () => {
    await pair();
    await write("a");
    await world.untilEqual(["w-1", "w-2"]);
    await world.stop("w-2");
    await world.stop("w-1");
    assert.equal((await knownLog())?.final, true);
    await forgetMemory();
    await world.start("w-2", 200);
    await world.untilStates({ "w-2": "master" });
    await write("b");
    assert.equal(peopleIn(await world.untilEqual(["w-2"])), 2);
  });

  it("lead at once without the last master's copy while the broker has forgotten nothing", async () => {
    await pair();
    await write("a");
    await world.untilEqual(["w-1", "w-2"]);
    await world.kill("w-1");
    await world.untilStates({ "w-2": "master" });
    await write("b");
    assert.equal((await knownLog())?.master, "w-2");
  });

  it("count every volume when ZooKeeper has lost what it knew, and go on from the fullest", async () => {
    await pair();
    await write("a");
    await world.untilEqual(["w-1", "w-2"]);
    await world.stop("w-2");
    await write("b", "c");
    await world.stop("w-1");
    await deleteQueue(queues.sync);
    await emptyZooKeeper("w-1", "w-2");
    await world.start("w-2", 50);
    await untilWaits("w-2", /until it is known what the copies of w-1 hold/);
    await world.start("w-1", 100);
    await write("d");
    assert.equal(peopleIn(await world.untilEqual(["w-1", "w-2"], 60_000)), 4);
  });

  it("go on from the copy that an operator names when the last master's is gone", async () => {
    await pair();
    await write("a");
    await world.untilEqual(["w-1", "w-2"]);
    await world.stop("w-2");
    await write("b");
    await world.stop("w-1");
    await deleteQueue(queues.sync);
    await world.start("w-2", 200);
    const { epoch, position } = await untilWaits("w-2", /waits for w-1/);
    await world.session.put(world.paths.log, toJson({ broker: "", master: "w-2", epoch, position }));
    await write("c");
    assert.equal(peopleIn(await world.inspect("w-2")), 2);
    // The fuller copy is of an earlier epoch now.
    await world.start("w-1", 100);
    await world.untilStates({ "w-1": "slave" }, 60_000);
    assert.equal(peopleIn(await world.untilEqual(["w-1", "w-2"], 60_000)), 2);
  });

  it("open their sessions with the timeout that the manifest wants", async () => {
    await world.publishSpec({ failover: { sessionTimeoutMs: 25_000 } });
    const environment = { LOG_LEVEL: "debug" };
    const worker = await world.start("w-1", 100, { environment });
    await world.untilStates({ "w-1": "master" });
    assert.match(worker.output(), /ZooKeeper session opened \{"sessionTimeoutMs":25000\}/);
  });

  it("keep a file that a newer version wrote, and say so", async () => {
    await pair();
    await write("a");
    await world.untilEqual(["w-1", "w-2"]);
    await world.stop("w-2");
    await world.tamper("w-2", "UPDATE _dbaas_meta SET value = '99' WHERE name = 'format'");
    await world.start("w-2", 200);
    await until("w-2 says why", 60_000, async () => {
      const node = (await world.workers()).find(({ name }) => name === "w-2");
      return /written by a newer version/.test(node?.waiting ?? "") ? found(true) : notYet(node);
    });
    await world.stop("w-2");
    await world.tamper("w-2", "UPDATE _dbaas_meta SET value = '1' WHERE name = 'format'");
    assert.equal(peopleIn(await world.inspect("w-2")), 1);
    assert.equal((await world.write(note("after"))).ok, true);
  });
});
