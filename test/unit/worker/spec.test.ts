// What a worker goes by, whichever version of the controller has published it.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { pathsOf, toJson } from "../../../core/state/znodes.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import type { ZnodeSession } from "../../../platform/zookeeper/port.ts";
import { KnownSpec } from "../../../worker/spec.ts";
import { Link } from "../../fakes/link.ts";
import { MemoryZooKeeper } from "../../fakes/memory-zookeeper.ts";
import { type RunningWorld, runningWorld } from "../../fakes/running-world.ts";
import { VirtualProcess } from "../../fakes/virtual-process.ts";
import { defaultSpec, specsThatLackOne } from "../../support/default-spec.ts";

const log = createLog({ program: "worker", format: "json", level: "silent" });
const paths = pathsOf("test");

describe("a worker whose manifest was published by an earlier version", () => {
  let running: RunningWorld;
  let process: VirtualProcess;
  let session: ZnodeSession;
  before(async () => {
    running = runningWorld(1);
    process = new VirtualProcess(running.world, "test");
    session = new MemoryZooKeeper(running.world).connect(process, new Link(running.world, "test", 1), 4_000);
    await session.ensure(paths.root);
  });
  after(() => running.stop());

  const known = async (node: unknown) => {
    await session.put(paths.spec, toJson(node));
    const spec = new KnownSpec(process);
    const scope = new AbortController();
    const read = await spec.watch(session, paths, log, scope.signal);
    scope.abort();
    return { spec, read };
  };

  for (const { field, spec: written } of specsThatLackOne())
    it(`goes by the default of ${field}, which is not there`, async () => {
      const { spec, read } = await known({ generation: 1, spec: written });
      assert.deepEqual(read, defaultSpec);
      assert.deepEqual(spec.required, defaultSpec);
    });
});
