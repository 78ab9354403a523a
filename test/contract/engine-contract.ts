// What the controller relies on in an engine, whatever it is: plain Docker, Docker Swarm, and the one in memory with which the
// cluster is simulated.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { workerContainer } from "../../controller/engines/worker-container.ts";
import { labels, shortId } from "../../controller/names.ts";
import type {
  ContainerSeen,
  Engine,
  EngineOpener,
  EngineView,
  HostNotes,
  StartedContainer,
  Target,
  WorkerContainer,
} from "../../controller/ports.ts";
import { TransientError } from "../../core/errors.ts";
import { sleep } from "../../platform/process/waiting.ts";

/** For engines of one host, which need none. */
export const noNotes: HostNotes = {
  hosts: async () => new Map(),
  tellSignal: () => assert.fail("an engine of one host sends signals itself"),
};

export interface EngineUnderTest {
  /** Of this test run alone. */
  readonly cluster: string;
  readonly image: string;
  readonly network: string;
  /** What a container does until it is ended: it must end by SIGTERM and by SIGKILL. */
  readonly command: readonly string[];
  readonly open: () => Promise<{ readonly opener: EngineOpener; readonly notes: HostNotes }>;
  /** From outside, as an operator or the kernel would. */
  readonly crash: (container: ContainerSeen) => Promise<void>;
  readonly removeVolume: (worker: string, host: string) => Promise<void>;
  /**
   * Whether the command runs below the engine's init. Before that init passes signals on, the kernel drops them: it is process 1.
   */
  readonly hasBegun: (container: ContainerSeen) => Promise<boolean>;
  /** Whether one that is slow to end by SIGKILL is taken away: then it is gone, and nothing tells how it ended. */
  readonly mayBeGone?: boolean;
  readonly close: () => Promise<void>;
}

/** @param top what `docker top` prints: a headline, and a line for each process */
export const hasCommand = (top: string): boolean => top.trim().split("\n").length > 2;

const uid = "uid-of-the-contract";
const withinMs = 60_000;
const spec = { memoryBytes: 128 * 2 ** 20, pidsMax: 64, readyWithinMs: 1, drainWithinMs: 1 };

export function engineContract(kind: string, tested: EngineUnderTest): void {
  describe(`engine: ${kind}`, () => {
    const world = new Tried(tested);

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
      const { id, host } = world.startedAs("w-1");
      await world.engine.remove({ worker: "w-1", host, id });
      await world.engine.remove({ worker: "w-1", host, id });
      const { volumes } = await world.until("it is gone", ({ ours }) => ours.length === 0);
      assert.deepEqual([...volumes], [["w-1", world.first]]);
      assert.equal(await world.engine.claimVolume(world.wanted("w-1")), "existing");
      await world.run("w-1");
      assert.notEqual((await world.seen("w-1"))?.id, id);
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

    it("does not see what another uid owns, and does not take its volume", async () => {
      const other = world.openAs("another-uid");
      assert.deepEqual((await other.view()).ours, []);
      assert.deepEqual([...(await other.view()).volumes], []);
      const stranger = world.wanted("w-3", world.startedOn("w-3"), "another-uid");
      await assert.rejects(other.claimVolume(stranger));
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

/** The engine under test, and what was made on it. */
class Tried {
  readonly #tested: EngineUnderTest;
  readonly #started = new Map<string, StartedContainer & { readonly host: string }>();
  #opened: { readonly opener: EngineOpener; readonly notes: HostNotes; readonly engine: Engine } | undefined;
  first = "";

  constructor(tested: EngineUnderTest) {
    this.#tested = tested;
  }

  async open(): Promise<void> {
    const { opener, notes } = await this.#tested.open();
    this.#opened = { opener, notes, engine: opener.open(uid, notes) };
    const { hosts } = await this.until("every host is reachable", (view) =>
      view.hosts.every(({ reachable }) => reachable),
    );
    this.first = hosts[0]?.name ?? "";
  }

  uid(): Promise<string | null> {
    assert.ok(this.#opened);
    return this.#opened.opener.uid(this.#opened.notes);
  }

  openAs(owner: string): Engine {
    assert.ok(this.#opened);
    return this.#opened.opener.open(owner, this.#opened.notes);
  }

  get engine(): Engine {
    assert.ok(this.#opened);
    return this.#opened.engine;
  }

  wanted(worker: string, host = this.first, owner = uid): WorkerContainer {
    const { cluster, image, network, command } = this.#tested;
    const settings = { cluster, uid: owner, image, network, environment: { SOME: "thing" } };
    return { ...workerContainer(settings, spec, { worker, host, image: null }), command };
  }

  async run(worker: string, host = this.first): Promise<void> {
    const container = this.wanted(worker, host);
    await this.engine.claimVolume(container);
    const made = await this.engine.create(container);
    const started = await this.engine.start(made).catch((error: unknown) => this.#startedLate(worker, error));
    this.#started.set(worker, { ...started, host });
  }

  /** An engine that does not see it run in time has told it to start all the same: it is seen later. */
  async #startedLate(worker: string, error: unknown): Promise<StartedContainer> {
    if (!(error instanceof TransientError)) throw error;
    const isRunning = (one: ContainerSeen): boolean => one.worker === worker && one.state === "running";
    const { ours } = await this.until(`${worker} runs`, (view) => view.ours.some(isRunning));
    const seen = ours.find(isRunning);
    assert.ok(seen);
    return { id: seen.id, pid: seen.pid };
  }

  startedAs(worker: string): StartedContainer & { readonly host: string } {
    const started = this.#started.get(worker);
    assert.ok(started);
    return started;
  }

  startedOn(worker: string): string {
    return this.#started.get(worker)?.host ?? "";
  }

  async seen(worker: string): Promise<ContainerSeen | undefined> {
    const { ours } = await this.until("there is a view", () => true);
    return ours.find((one) => one.worker === worker);
  }

  async target(worker: string): Promise<Target> {
    const seen = await this.seen(worker);
    assert.equal(seen?.state, "running");
    return { worker, host: seen.host, id: seen.id, container: seen.shortId, pid: seen.pid };
  }

  async untilBegun(worker: string): Promise<void> {
    await this.until(`the command of ${worker} has begun`, async ({ ours }) => {
      const seen = ours.find((one) => one.worker === worker);
      return seen !== undefined && this.#tested.hasBegun(seen);
    });
  }

  async until(what: string, holds: (view: EngineView) => boolean | Promise<boolean>): Promise<EngineView> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const view = await this.#viewIf(holds);
      if (view !== undefined) return view;
      if (performance.now() > deadline) assert.fail(`not within ${withinMs} ms: ${what}`);
      await sleep(20);
    }
  }

  /** An engine that cannot be seen for a moment has shown nothing yet. */
  async #viewIf(holds: (view: EngineView) => boolean | Promise<boolean>): Promise<EngineView | undefined> {
    try {
      const view = await this.engine.view();
      return (await holds(view)) ? view : undefined;
    } catch (error) {
      if (error instanceof TransientError) return undefined;
      throw error;
    }
  }

  async untilDead(worker: string): Promise<ContainerSeen> {
    const { ours } = await this.until(`${worker} is dead`, (view) =>
      view.ours.some((one) => one.worker === worker && one.state === "dead"),
    );
    const seen = ours.find((one) => one.worker === worker);
    assert.ok(seen);
    return seen;
  }

  async untilDeadOrGone(worker: string): Promise<ContainerSeen | undefined> {
    const { ours } = await this.until(`${worker} is dead or gone`, (view) =>
      view.ours.every((one) => one.worker !== worker || one.state === "dead"),
    );
    return ours.find((one) => one.worker === worker);
  }
}
