// What a worker says of itself in ZooKeeper.
import assert from "node:assert/strict";
import { it } from "node:test";
import { knownStatements } from "../../../../core/messages/statement.ts";
import { type MasterNode, pathsOf, persistentParents, toJson } from "../../../../core/state/znodes.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { Membership } from "../../../../worker/lead/membership.ts";
import { SeenMemory } from "../../../../worker/lead/seen-memory.ts";
import { Link } from "../../../fakes/link.ts";
import { MemoryZooKeeper } from "../../../fakes/memory-zookeeper.ts";
import { runningWorld } from "../../../fakes/running-world.ts";
import { VirtualProcess } from "../../../fakes/virtual-process.ts";

const paths = pathsOf("test");

it("a master tells how far it knows the kinds of statements, also in the words that an earlier API reads", async (t) => {
  const { world, stop } = runningWorld(1);
  t.after(stop);
  const process = new VirtualProcess(world, "test");
  const session = new MemoryZooKeeper(world).connect(process, new Link(world, "test", 1), 4_000);
  for (const path of persistentParents(paths)) await session.ensure(path);
  await session.put(paths.pid("w-1"), toJson({ pid: 7, container: "c-1" }));
  const log = createLog({ program: "test", format: "json", level: "silent" });
  const own = { name: "w-1", container: "c-1", guid: "g", host: undefined, sinceMs: 0 };
  const membership = new Membership({
    ...own,
    session,
    paths,
    memory: await SeenMemory.of({ memoryId: async () => "a", logReaches: async () => false }),
    time: process,
    log,
    telling: () => ({
      state: "slave",
      eligible: true,
      position: 0,
      epoch: 0,
      readsServed: 0,
      writesServed: 0,
    }),
  });
  await membership.join();
  assert.notEqual(await membership.takeMastership(), null);
  const told = async () => JSON.parse((await session.get(paths.master))?.data ?? "null") as MasterNode;
  assert.deepEqual([(await told()).statements, (await told()).sql], [knownStatements, true]);
  await membership.atWork();
  const { atWork, statements, sql } = await told();
  assert.deepEqual([atWork, statements, sql], [true, knownStatements, true]);
});
