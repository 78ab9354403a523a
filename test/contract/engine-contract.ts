// What the controller relies on in an engine, whatever it is: plain Docker, Docker Swarm, and the one in memory with which the
// cluster is simulated.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { labels, shortId } from "../../controller/names.ts";
import type { HostNotes } from "../../controller/ports.ts";
import { TerminalError, TransientError } from "../../core/errors.ts";
import { type EngineUnderTest, TriedEngine, uid } from "./tried-engine.ts";

/** For engines of one host, which need none. */
export const noNotes: HostNotes = {
  hosts: async () => new Map(),
  tellSignal: () => assert.fail("an engine of one host sends signals itself"),
};

/** @param top what `docker top` prints: a headline, and a line for each process */
export const hasCommand = (top: string): boolean => top.trim().split("\n").length > 2;

export function engineContract(kind: string, tested: EngineUnderTest): void {
  describe(`engine: ${kind}`, () => {
    const world = new TriedEngine(tested);

    before(() => world.open());
    after(() => tested.close());

    it("has hosts, each with a name and a number of its own, and of those that are reachable the image", async () => {
      const { hosts } = await world.engine.view();
      assert.ok(hosts.length > 0);
      assert.equal(new Set(hosts.map(({ name }) => name)).size, hosts.length);
      assert.equal(new Set(hosts.map(({ number }) => number)).size, hosts.length);
      assert.ok(hosts.every(({ reachable, image }) => reachable && image !== null));
    });

    it("is empty before anything was made", async () => {
      const { ours, volumes, foreign } = await world.engine.view();
      assert.deepEqual([ours, [...volumes], foreign], [[], [], []]);
      assert.equal(await world.uid(), null);
    });

    it("knows a volume that it makes from one that is there", async () => {
      assert.equal(await world.engine.claimVolume(world.wanted("w-1")), "new");
      await world.run("w-1");
      assert.equal(await world.engine.claimVolume(world.wanted("w-1")), "existing");
    });

    it("shows a container that was started: its worker, host, pid and what it was made from", async () => {
      const seen = await world.seen("w-1");
      const { id, pid } = world.startedAs("w-1");
      assert.deepEqual([seen?.state, seen?.host, seen?.id, seen?.pid], ["running", world.first, id, pid]);
      assert.equal(seen?.shortId, shortId(id));
      assert.equal(seen?.specHash, world.wanted("w-1").labels[labels.spec]);
      assert.ok(pid > 0);
      assert.equal(seen?.ending, null);
    });

    it("shows the volume with its host, and tells the cluster's uid by it", async () => {
      await world.until("the volume is seen", ({ volumes }) => volumes.get("w-1") === world.first);
      assert.equal(await world.uid(), uid);
    });

    it("makes no second container of a worker that has one", async () => {
      await assert.rejects(world.engine.create(world.wanted("w-1")), TransientError);
    });

    it("tells the end of what a container wrote", async () => {
      await world.until(`w-1 has written ${tested.words}`, async () =>
        (await world.engine.lastWords(world.refTo("w-1"))).endsWith(tested.words),
      );
    });

    it("removes no container that runs", async () => {
      const running = world.refTo("w-1");
      await assert.rejects(world.engine.remove(running), TransientError);
      assert.equal((await world.target("w-1")).id, running.id);
    });

    it("kills the process that was meant, and no other", async () => {
      const target = await world.target("w-1");
      await assert.rejects(world.engine.kill({ ...target, pid: target.pid + 1 }, "SIGKILL"), TransientError);
      assert.equal((await world.seen("w-1"))?.state, "running");
      await world.engine.kill(target, "SIGKILL");
      const dead = tested.mayBeGone ? await world.untilDeadOrGone("w-1") : await world.untilDead("w-1");
      if (dead !== undefined) {
        assert.deepEqual([dead.ending, dead.pid, dead.id], ["killed", 0, target.id]);
        assert.ok(dead.finishedAtMs > 0);
      }
      await assert.rejects(world.engine.kill(target, "SIGKILL"), TransientError);
    });

    it("removes a dead container once or twice, and keeps its volume for the next of that name", async () => {
      const dead = world.refTo("w-1");
      await world.engine.remove(dead);
      await world.engine.remove(dead);
      const { volumes } = await world.until("it is gone", ({ ours }) => ours.length === 0);
      assert.deepEqual([...volumes], [["w-1", world.first]]);
      assert.equal(await world.engine.claimVolume(world.wanted("w-1")), "existing");
      await world.run("w-1");
      assert.notEqual((await world.seen("w-1"))?.id, dead.id);
    });

    it("asks a process to end by SIGTERM", async () => {
      await world.untilBegun("w-1");
      await world.engine.kill(await world.target("w-1"), "SIGTERM");
      const dead = await world.untilDead("w-1");
      assert.equal(dead.ending, "clean");
      await world.engine.remove({ worker: "w-1", host: dead.host, id: dead.id });
      await world.until("it is gone", ({ ours }) => ours.length === 0);
    });

    it("wakes its watcher when a container ends by another hand, and says that it was killed", async () => {
      const stop = new AbortController();
      let deaths = 0;
      const watching = world.engine
        .watch((event) => {
          if (event === "death") deaths += 1;
        }, stop.signal)
        .catch(() => undefined);
      // That takes much longer than the engine needs to heed its watcher.
      await world.run("w-2");
      const container = await world.seen("w-2");
      assert.ok(container);
      await tested.crash(container);
      await world.until("the watcher was woken", () => deaths > 0);
      assert.equal((await world.untilDead("w-2")).ending, "killed");
      stop.abort();
      await watching;
    });

    it("starts on the host that it is told, where there are several", async () => {
      const { hosts } = await world.engine.view();
      const last = hosts.at(-1)?.name ?? "";
      await world.run("w-3", last);
      assert.equal((await world.seen("w-3"))?.host, last);
      await world.until("its volume is seen there", ({ volumes }) => volumes.get("w-3") === last);
    });

    it("does not see what another uid owns but as foreign, and does not take its volume", async () => {
      const other = world.openAs("another-uid");
      const { ours, volumes, foreign } = await other.view();
      assert.deepEqual([ours, [...volumes]], [[], []]);
      assert.deepEqual([...new Set(foreign.map(({ worker }) => worker))].sort(), ["w-1", "w-2", "w-3"]);
      const stranger = world.wanted("w-3", world.startedOn("w-3"), "another-uid");
      await assert.rejects(other.claimVolume(stranger), TerminalError);
      assert.deepEqual((await world.until("there is a view", () => true)).foreign, []);
    });

    it("no longer shows a volume that was removed", async () => {
      const { id, host } = await world.untilDead("w-2");
      await world.engine.remove({ worker: "w-2", host, id });
      await tested.removeVolume("w-2", host);
      await world.until("it is gone", ({ volumes }) => !volumes.has("w-2"));
      assert.equal(await world.engine.claimVolume(world.wanted("w-2")), "new");
    });
  });
}
