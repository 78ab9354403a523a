// Real workers behind a network that can be cut: from ZooKeeper only, from RabbitMQ only, from both.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { WriteStatement } from "../../core/messages/statement.ts";
import { rabbitUrl, zooKeeperServers } from "./services.ts";
import { smallSpec } from "./small-spec.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import { found, notYet, until } from "./until.ts";
import { WorkerWorld } from "./worker-world.ts";

const person = (name: string): WriteStatement => ({
  shape: { kind: "insert", table: "people", columns: ["name"] },
  rows: [[name]],
});
const everyone = { shape: { kind: "select", table: "people", columns: ["name"] }, params: [] } as const;

describe("a worker that is cut off", () => {
  /** Of the worker that is cut off; the others are not to be replaced. */
  const sessionTimeoutMs = 6_000;
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

  /** Starts a worker whose connections pass through the proxies, and waits until it is what it should be. */
  async function startCuttable(name: string, pid: number, state: "master" | "slave"): Promise<void> {
    await world.publishSpec({ failover: { sessionTimeoutMs } });
    const url = new URL(rabbitUrl());
    url.host = `127.0.0.1:${rabbit.port}`;
    await world.start(name, pid, {
      rabbitUrl: url.toString(),
      zooKeeper: `127.0.0.1:${zooKeeper.port}`,
    });
    await world.untilStates({ [name]: state });
    await world.publishSpec({ failover: smallSpec.failover });
  }

  async function cuttableMaster(): Promise<void> {
    await startCuttable("w-1", 100, "master");
    await world.start("w-2", 200);
    await world.start("w-3", 300);
    await world.untilStates({ "w-1": "master", "w-2": "slave", "w-3": "slave" });
  }

  /** @returns its place in the log */
  async function add(name: string): Promise<number> {
    const { ok, json, position } = await world.write(person(name));
    assert.equal(ok, true, JSON.stringify(json));
    acknowledged.push(name);
    return position;
  }

  async function allHoldTheSame(): Promise<void> {
    const held = JSON.parse(await world.untilEqual(["w-1", "w-2", "w-3"], 60_000));
    assert.equal(held.tables.people.rows, acknowledged.length);
  }

  const anotherLeads = () =>
    until("another worker leads", 60_000, async () => {
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
    await startCuttable("w-1", 100, "slave");
    await add("before");
    zooKeeper.hold();
    // Beyond the end of its session, which ZooKeeper sees first, and the worker itself only by what it does not hear.
    const beganAtMs = performance.now();
    const isMissed = async () => (await world.workers()).every(({ name }) => name !== "w-1");
    for (let i = 0; performance.now() - beganAtMs < 2 * sessionTimeoutMs || !(await isMissed()); i++) {
      assert.ok(performance.now() - beganAtMs < 120_000, "ZooKeeper misses it");
      const position = await add(`during ${i}`);
      await world.untilEqual(["w-1", "w-2"]);
      const { worker, json } = await world.read(everyone, position);
      assert.equal(worker, "w-1");
      assert.equal((json as unknown as unknown[]).length, acknowledged.length);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    zooKeeper.release();
    await world.untilStates({ "w-1": "slave" }, 60_000);
  });
});
