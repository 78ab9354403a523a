// What a worker decides at a ZooKeeper server that has not heard of the latest writes yet.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sameMemory } from "../../../../core/rules/broker-memory.ts";
import { mayLead } from "../../../../core/rules/election.ts";
import {
  type CopyNode,
  type HostNode,
  type LogNode,
  pathsOf,
  persistentParents,
  toJson,
  type WorkerNode,
} from "../../../../core/state/znodes.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import type { ZnodeSession } from "../../../../platform/zookeeper/port.ts";
import { Membership } from "../../../../worker/lead/membership.ts";
import { SeenMemory } from "../../../../worker/lead/seen-memory.ts";
import { Link } from "../../../fakes/link.ts";
import { MemoryZooKeeper } from "../../../fakes/memory-zookeeper.ts";
import { type RunningWorld, runningWorld } from "../../../fakes/running-world.ts";
import { VirtualProcess } from "../../../fakes/virtual-process.ts";

const paths = pathsOf("test");
const worker = (name: string, pid: number): WorkerNode => ({
  name,
  container: name,
  guid: name,
  state: "slave",
  pid,
  eligible: true,
  position: 7,
  epoch: 1,
  readsServed: 0,
  writesServed: 0,
  sinceMs: 0,
});
const whole: LogNode = { broker: "a", master: "w-1", epoch: 1, position: 7 };

describe("a worker at a server of ZooKeeper that is behind", () => {
  let running: RunningWorld;
  let server: MemoryZooKeeper;
  let others: ZnodeSession;
  let memory: SeenMemory;
  let ofSeveral: SeenMemory;
  /** Whose children the last one was asked for. */
  const listed: string[] = [];

  const connect = () =>
    server.connect(new VirtualProcess(running.world, "test"), new Link(running.world, "test", 1), 4_000);

  before(async () => {
    running = runningWorld(1);
    server = new MemoryZooKeeper(running.world);
    others = connect();
    const brokersWith = (id: string) => ({ memoryId: async () => id, logReaches: async () => false });
    memory = await SeenMemory.of(brokersWith("a"));
    ofSeveral = await SeenMemory.of(brokersWith("a,b,c"));
    for (const path of persistentParents(paths)) await others.ensure(path);
    await others.create(paths.worker("w-2"), toJson(worker("w-2", 200)));
    await others.create(paths.log, toJson(whole));
    await others.create(paths.spec, "{}");
  });
  after(() => running.stop());

  /** Its server has not heard of what `write` did, and hears of it only when it is asked to. */
  async function membershipBehind(
    write: () => Promise<unknown>,
    {
      syncs,
      host,
      brokers = 1,
    }: { readonly syncs: boolean; readonly host?: string; readonly brokers?: number },
  ) {
    const session = connect();
    await session.sync();
    server.staleMsMax = Number.POSITIVE_INFINITY;
    await write();
    server.staleMsMax = 0;
    listed.length = 0;
    const seen: ZnodeSession = new Proxy(session, {
      get: (target, name) => {
        if (name === "sync" && !syncs) return async () => undefined;
        if (name === "children")
          return (path: string) => {
            listed.push(path);
            return target.children(path);
          };
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    return new Membership({
      session: seen,
      paths,
      name: "w-2",
      container: "w-2",
      guid: "w-2",
      host,
      sinceMs: 0,
      memory: brokers === 1 ? memory : ofSeveral,
      time: systemClock,
      log: createLog({ program: "test", format: "json", level: "silent" }),
      telling: () => worker("w-2", 200),
    });
  }

  for (const syncs of [true, false])
    it(`${syncs ? "sees" : "would not see, without a sync,"} the candidate that goes first`, async () => {
      const membership = await membershipBehind(
        () => others.put(paths.worker("w-3"), toJson(worker("w-3", 50))),
        { syncs },
      );
      assert.equal(mayLead("w-2", await membership.peers(), false), !syncs);
      await others.remove(paths.worker("w-3"));
    });

  for (const syncs of [true, false])
    it(`${syncs ? "sees" : "would not see, without a sync,"} that another leads`, async () => {
      const membership = await membershipBehind(() => others.create(paths.master, toJson({ name: "w-1" })), {
        syncs,
      });
      assert.equal((await membership.master())?.name, syncs ? "w-1" : undefined);
      await others.remove(paths.master);
    });

  for (const syncs of [true, false])
    it(`${syncs ? "sees" : "would not see, without a sync,"} that the log is not vouched for any more`, async () => {
      const membership = await membershipBehind(
        () => others.put(paths.log, toJson({ ...whole, broker: "another" })),
        { syncs },
      );
      const { log } = await membership.knownCopies();
      assert.equal(sameMemory(log.node?.broker ?? "", memory.now), !syncs);
      await others.put(paths.log, toJson(whole));
    });

  for (const syncs of [true, false])
    it(`${syncs ? "sees" : "would not see, without a sync,"} that the log is led from its own host now`, async () => {
      const beside: HostNode = { host: "one", image: null, volumes: [], killed: {}, leads: ["stream"] };
      await others.put(paths.worker("w-2"), toJson({ ...worker("w-2", 200), host: "one" }));
      await others.create(paths.worker("w-3"), toJson({ ...worker("w-3", 300), host: "two" }));
      const membership = await membershipBehind(() => others.create(paths.host("one"), toJson(beside)), {
        syncs,
        host: "one",
        brokers: 3,
      });
      assert.equal(mayLead("w-2", await membership.peers(), false), !syncs);
      for (const path of [paths.host("one"), paths.worker("w-3")]) await others.remove(path);
    });

  for (const brokers of [1, 3])
    it(`${brokers === 1 ? "does not read" : "reads"} the hosts' notes with ${brokers === 1 ? "one broker" : "three brokers"}`, async () => {
      const note: HostNode = { host: "one", image: null, volumes: [], killed: {}, leads: ["stream"] };
      await others.put(paths.worker("w-2"), toJson({ ...worker("w-2", 200), host: "one" }));
      await others.create(paths.host("one"), toJson(note));
      const membership = await membershipBehind(async () => undefined, { syncs: true, host: "one", brokers });
      const [own] = await membership.peers();
      assert.equal(own?.besideLog, brokers === 3);
      assert.equal(listed.includes(paths.hosts), brokers === 3);
      await others.remove(paths.host("one"));
    });

  it("leaves behind which copy is on its volume, and what it holds", async () => {
    const membership = await membershipBehind(async () => undefined, { syncs: true });
    await membership.keepPlace({ epoch: 3, position: 7 }, "a");
    const { holds, copyId } = JSON.parse((await others.get(paths.copy("w-2")))?.data ?? "") as CopyNode;
    assert.deepEqual([holds, copyId], [{ epoch: 3, position: 7 }, "a"]);
  });
});
