// What a controller decides at a ZooKeeper server that has not heard of the latest writes yet.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ZnodeRegistry } from "../../../../controller/registry/znode-registry.ts";
import {
  fromJson,
  noterOf,
  pathsOf,
  persistentParents,
  type SuspectsNode,
  toJson,
} from "../../../../core/state/znodes.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import { Link } from "../../../fakes/link.ts";
import { MemoryZooKeeper } from "../../../fakes/memory-zookeeper.ts";
import { runningWorld } from "../../../fakes/running-world.ts";
import { VirtualProcess } from "../../../fakes/virtual-process.ts";

const paths = pathsOf("test");
const suspect = paths.suspect(noterOf("w-1", "aaa"));

describe("a controller at a server of ZooKeeper that is behind", () => {
  it("sees that the worker that was killed led, blames none of its requests, and ends its mastership", async (t) => {
    const running = runningWorld(1);
    t.after(() => running.stop());
    const server = new MemoryZooKeeper(running.world);
    const connect = () =>
      server.connect(new VirtualProcess(running.world, "test"), new Link(running.world, "test", 1), 4_000);
    const [worker, controller] = [connect(), connect()];
    for (const path of persistentParents(paths)) await worker.ensure(path);
    await controller.sync();
    server.staleMsMax = Number.POSITIVE_INFINITY;
    const self = { name: "w-1", container: "aaa", guid: "g" };
    await worker.create(paths.worker("w-1"), toJson(self));
    await worker.create(suspect, toJson({ begun: ["m#0"], blamed: [] } satisfies SuspectsNode));
    await worker.create(paths.master, toJson({ ...self, pid: 1 }));
    server.staleMsMax = 0;
    assert.equal(await controller.get(paths.master), null, "it is not behind");
    const registry = new ZnodeRegistry(controller, paths, systemClock);
    assert.equal(await registry.forgetEnded({ worker: "w-1", container: "aaa", ending: "killed" }), true);
    await worker.sync();
    assert.equal(await worker.get(paths.master), null);
    const left = await worker.get(suspect);
    assert.notEqual(left === null ? null : fromJson<SuspectsNode>(left.data)?.died, true);
  });
});
