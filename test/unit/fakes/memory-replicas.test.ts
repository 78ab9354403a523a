// What several brokers in memory have of the log, and forget of it, when some of them are away.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { queues } from "../../../core/messages/queues.ts";
import { lostMemory, sameMemory } from "../../../core/rules/broker-memory.ts";
import { Link } from "../../fakes/link.ts";
import { MemoryBroker } from "../../fakes/memory-broker.ts";
import type { MemoryConnection } from "../../fakes/memory-connection.ts";
import { VirtualProcess } from "../../fakes/virtual-process.ts";
import { VirtualWorld } from "../../fakes/virtual-world.ts";

const noticedMs = 4_000;

class Tried {
  readonly world = new VirtualWorld(1);
  readonly broker = new MemoryBroker(this.world, queues.sync, [queues.write], 3);
  readonly process = new VirtualProcess(this.world, "test");
  readonly confirmed: string[] = [];

  get replicas() {
    const { replicas } = this.broker;
    assert.ok(replicas);
    return replicas;
  }

  connect(node: number): MemoryConnection {
    return this.broker.connect(this.process, new Link(this.world, `test ${node}`, 2), node);
  }

  publish(connection: MemoryConnection, ...texts: string[]): void {
    for (const text of texts)
      connection.publish(queues.sync, Buffer.from(text)).then(
        () => this.confirmed.push(text),
        () => undefined,
      );
  }

  async pass(ms: number): Promise<void> {
    await this.world.advance(() => false, this.world.nowMs + ms);
  }

  get log(): readonly string[] {
    return this.broker.log.map(String);
  }

  async memory(): Promise<string> {
    const asked = this.connect(0)
      .memoryId()
      .catch((error: Error) => error.message);
    await this.pass(10_000);
    return asked;
  }
}

describe("several brokers in memory", () => {
  it("confirm and deliver what a majority has, while one is away", async () => {
    const tried = new Tried();
    tried.replicas.vanish(1, 0);
    await tried.pass(noticedMs);
    const read: string[] = [];
    const connection = tried.connect(0);
    void connection.consume(queues.sync, { prefetch: 10, streamOffset: "first" }, ({ content }) =>
      read.push(String(content)),
    );
    tried.publish(connection, "a");
    await tried.pass(100);
    assert.deepEqual([tried.confirmed, read], [["a"], ["a"]]);
  });

  it("neither confirm nor deliver without a majority, and go on when there is one again", async () => {
    const tried = new Tried();
    const connection = tried.connect(0);
    tried.replicas.setCut(1, true);
    tried.replicas.vanish(2, 0);
    tried.publish(connection, "a");
    await tried.pass(100);
    assert.deepEqual([tried.confirmed, tried.log], [[], []]);
    tried.replicas.setCut(1, false);
    await tried.pass(noticedMs);
    assert.deepEqual([tried.confirmed, tried.log], [["a"], ["a"]]);
  });

  it("end the connections of a broker that sees no majority for long, and it forgets", async () => {
    const tried = new Tried();
    const before = await tried.memory();
    const connection = tried.connect(1);
    tried.replicas.setCut(1, true);
    await tried.pass(noticedMs);
    assert.ok(connection.ended.aborted);
    assert.equal(tried.broker.accepts(1), false);
    tried.replicas.setCut(1, false);
    await tried.pass(noticedMs);
    assert.equal(tried.broker.accepts(1), true);
    const after = await tried.memory();
    assert.notEqual(after, before);
    assert.ok(sameMemory(before, after));
  });

  it("lose nothing of the log with one of them, whatever was not on its disk", async () => {
    const tried = new Tried();
    const leader = tried.connect(0);
    tried.publish(leader, "a", "b", "c");
    await tried.pass(100);
    tried.replicas.vanish(0, 3);
    await tried.pass(noticedMs);
    tried.publish(tried.connect(1), "d");
    await tried.pass(100);
    tried.replicas.comeUp(0);
    await tried.pass(noticedMs);
    assert.deepEqual(tried.log, ["a", "b", "c", "d"]);
    assert.deepEqual(tried.confirmed, ["a", "b", "c", "d"]);
    assert.equal(tried.broker.hasLost, false);
  });

  it("may lose the end of the log with two of them, which their memory ids tell", async () => {
    const tried = new Tried();
    const before = await tried.memory();
    tried.publish(tried.connect(0), "a", "b", "c");
    await tried.pass(100);
    for (const node of [0, 1]) tried.replicas.vanish(node, 2);
    tried.replicas.vanish(2, 1);
    for (const node of [0, 1]) tried.replicas.comeUp(node);
    await tried.pass(noticedMs);
    assert.deepEqual(tried.log, ["a"]);
    assert.equal(tried.broker.hasLost, true);
    tried.replicas.comeUp(2);
    await tried.pass(noticedMs);
    assert.ok(lostMemory(before, await tried.memory()));
  });

  it("have a log that reaches its end at one that came back only once that has copied it", async () => {
    const tried = new Tried();
    const connection = tried.connect(1);
    tried.publish(connection, "a", "b");
    await tried.pass(100);
    tried.replicas.vanish(2, 1);
    await tried.pass(noticedMs);
    tried.publish(connection, "c");
    await tried.pass(100);
    const reached = async (node: number): Promise<boolean> => {
      const asked = connection.logReaches(node, 2);
      await tried.pass(noticedMs);
      return asked;
    };
    assert.deepEqual([await reached(1), await reached(2)], [true, false]);
    tried.replicas.comeUp(2);
    const early = connection.logReaches(2, 2);
    await tried.pass(noticedMs);
    assert.equal(await early, true);
    assert.equal(await reached(2), true);
  });

  it("send to the next leader what the last one had alone, once", async () => {
    const tried = new Tried();
    const connection = tried.connect(1);
    tried.publish(connection, "a");
    await tried.pass(100);
    tried.publish(connection, "b");
    tried.replicas.vanish(0, 1);
    await tried.pass(noticedMs);
    tried.replicas.comeUp(0);
    await tried.pass(noticedMs);
    assert.deepEqual(tried.log, ["a", "b"]);
  });

  it("do not tell a memory id while no majority answers, and leave open what one does not tell", async () => {
    const tried = new Tried();
    tried.replicas.vanish(1, 0);
    assert.match(await tried.memory(), /^memory 1\.0,\?,memory 3\.0$/);
    tried.replicas.vanish(2, 0);
    assert.match(await tried.memory(), /no majority/);
  });

  it("make nothing while one of them is away", async () => {
    const tried = new Tried();
    tried.broker.deleteStream();
    tried.replicas.vanish(2, 0);
    const made = assert.rejects(tried.connect(0).declareLog(), /not all brokers/);
    await tried.pass(noticedMs);
    await made;
    tried.replicas.comeUp(2);
    await tried.pass(noticedMs);
    const again = tried.connect(0).declareLog();
    await tried.pass(100);
    assert.equal(await again, true);
  });
});
