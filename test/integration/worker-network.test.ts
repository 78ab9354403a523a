// Real workers behind a network that can be cut: from ZooKeeper only, from RabbitMQ only, from both.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { WriteStatement } from "../../core/messages/statement.ts";
import { rabbitUrl, zooKeeperServers } from "./services.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import { found, notYet, until } from "./until.ts";
import { WorkerWorld } from "./worker-world.ts";

const person = (name: string): WriteStatement => ({
  shape: { kind: "insert", table: "people", columns: ["name"] },
  rows: [[name]],
});
const everyone = { shape: { kind: "select", table: "people", columns: ["name"] }, params: [] } as const;

describe("a worker that is cut off", () => {
  let world: WorkerWorld;
  let rabbit: TcpProxy;
  let zooKeeper: TcpProxy;
  let acknowledged: string[];

  beforeEach(async () => {
    acknowledged = [];
    world = await WorkerWorld.open();
    const broker = new URL(rabbitUrl());
    rabbit = await TcpProxy.to(broker.hostname, Number(broker.port));
    const [host = "", port = ""] = zooKeeperServers().split(":");
    zooKeeper = await TcpProxy.to(host, Number(port));
  });
  afterEach(async () => {
    await world.close();
    await rabbit.close();
    await zooKeeper.close();
  });

  /** Starts a worker whose connections pass through the proxies. */
  async function startCuttable(name: string, pid: number): Promise<void> {
    const url = new URL(rabbitUrl());
    url.host = `127.0.0.1:${rabbit.port}`;
    await world.start(name, pid, {
      rabbitUrl: url.toString(),
      zooKeeper: `127.0.0.1:${zooKeeper.port}`,
    });
  }

  async function cuttableMaster(): Promise<void> {
    await startCuttable("w-1", 100);
    await world.untilStates({ "w-1": "master" });
    await world.start("w-2", 200);
    await world.start("w-3", 300);
    await world.untilStates({ "w-1": "master", "w-2": "slave", "w-3": "slave" });
  }

  async function add(name: string): Promise<void> {
    const { ok, json } = await world.write(person(name));
    assert.equal(ok, true, JSON.stringify(json));
    acknowledged.push(name);
  }

  async function allHoldTheSame(): Promise<void> {
    const held = JSON.parse(await world.untilEqual(["w-1", "w-2", "w-3"], 60_000));
    assert.equal(held.tables.people.rows, acknowledged.length);
  }

  const anotherLeads = () =>
    until("another worker leads", 30_000, async () => {
      const master = await world.master();
      return master !== null && master.name !== "w-1" ? found(master.name) : notYet(master);
    });

  it("as master from ZooKeeper only is replaced, and what it still tries is not accepted", async () => {
    await cuttableMaster();
    await add("before");
    zooKeeper.hold();
    const writing = Promise.all(Array.from({ length: 60 }, (_, i) => add(`during ${i}`)));
    await anotherLeads();
    await writing;
    await add("after");
    zooKeeper.release();
    await world.untilStates({ "w-1": "slave" }, 60_000);
    await allHoldTheSame();
  });

  it("as master from RabbitMQ only gives its place up, and writes go on", async () => {
    await cuttableMaster();
    await add("before");
    rabbit.hold();
    await anotherLeads();
    await add("after");
    rabbit.release();
    await world.untilStates({ "w-1": "slave" }, 60_000);
    await allHoldTheSame();
  });

  it("as master from both, with writes under way, loses none and doubles none", async () => {
    await cuttableMaster();
    const writing = Promise.all(Array.from({ length: 40 }, (_, i) => add(`during ${i}`)));
    rabbit.hold();
    zooKeeper.hold();
    await anotherLeads();
    rabbit.release();
    zooKeeper.release();
    await writing;
    await world.untilStates({ "w-1": "slave" }, 60_000);
    await allHoldTheSame();
  });

  it("as slave from ZooKeeper goes on answering reads with what is written meanwhile", async () => {
    await world.start("w-2", 200);
    await world.untilStates({ "w-2": "master" });
    await startCuttable("w-1", 100);
    await world.untilStates({ "w-1": "slave" });
    await add("before");
    zooKeeper.hold();
    for (let i = 0; i < 10; i++) {
      await add(`during ${i}`);
      const { worker, json } = await world.read(everyone, i + 3);
      assert.equal(worker, "w-1");
      assert.equal((json as unknown as unknown[]).length, acknowledged.length);
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    zooKeeper.release();
    await world.untilStates({ "w-1": "slave" }, 60_000);
  });
});
