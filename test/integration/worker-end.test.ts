// A worker that is told by its znode to end, as where the engine cannot send a signal.
import assert from "node:assert/strict";
import { once } from "node:events";
import { hostname } from "node:os";
import { after, before, describe, it } from "node:test";
import { type DrainNode, toJson } from "../../core/state/znodes.ts";
import { within } from "../../platform/process/waiting.ts";
import { WorkerWorld } from "./worker-world.ts";

describe("a worker that is told to end by its znode", () => {
  let world: WorkerWorld;
  before(async () => {
    world = await WorkerWorld.open();
  });
  after(() => world.close());

  async function endedBy(name: string, pid: number, signal: DrainNode["signal"]) {
    const { child } = await world.start(name, pid);
    await world.untilStates({ [name]: "master" });
    const exited = once(child, "exit");
    const mark: DrainNode = { container: hostname(), atMs: 0, ...(signal === undefined ? {} : { signal }) };
    await world.session.put(world.paths.drain(name), toJson(mark));
    const [code, by] = await within(exited, 30_000, `end of ${name}`);
    return { code, by };
  }

  it("is killed at once, and seen as killed", async () => {
    assert.deepEqual(await endedBy("w-1", 100, "SIGKILL"), { code: null, by: "SIGKILL" });
    await world.session.remove(world.paths.master);
    await world.session.remove(world.paths.worker("w-1"));
  });

  it("steps down, and leaves nothing behind", async () => {
    assert.deepEqual(await endedBy("w-2", 200, "SIGTERM"), { code: 0, by: null });
    assert.equal(await world.master(), null);
  });
});
