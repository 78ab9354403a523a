import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EndedWorker, HostReporter } from "../../../../controller/ports.ts";
import { keepHostNote } from "../../../../controller/registry/host-note.ts";
import { ZnodeRegistry } from "../../../../controller/registry/znode-registry.ts";
import {
  fromJson,
  type HostNode,
  noterOf,
  pathsOf,
  type SuspectsNode,
  toJson,
} from "../../../../core/state/znodes.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { eventually, FakeZnodes } from "../../api/fake-znodes.ts";

const log = createLog({ program: "controller", format: "json", level: "silent" });
const paths = pathsOf("test");

/** A host on which two workers run, w-1 as master, each with a suspect in hand. */
class World {
  readonly znodes = new FakeZnodes();
  readonly #stop = new AbortController();
  #ended: readonly EndedWorker[] = [];
  /** How often it was looked whose processes have ended. */
  looks = 0;
  #wake: () => void = () => undefined;
  #kept: Promise<void> = Promise.resolve();

  async open(): Promise<void> {
    await this.znodes.create(paths.master, toJson({ name: "w-1", container: "aaa", guid: "g-1", pid: 1 }));
    for (const [name, container] of [
      ["w-1", "aaa"],
      ["w-2", "bbb"],
    ] as const) {
      await this.znodes.create(paths.worker(name), toJson({ name, container, guid: "g" }));
      const note = toJson({ begun: ["m#0"], blamed: [] } satisfies SuspectsNode);
      await this.znodes.create(paths.suspect(noterOf(name, container)), note);
    }
    const registry = new ZnodeRegistry(this.znodes, paths, systemClock);
    this.#kept = keepHostNote(
      this.znodes,
      paths,
      this.#host(),
      registry,
      { clock: systemClock, log },
      this.#stop.signal,
    );
    await this.has((note) => note !== null);
  }

  #host(): HostReporter {
    return {
      name: "host-1",
      ended: async () => {
        this.looks += 1;
        return this.#ended;
      },
      look: async (ended): Promise<HostNode> => ({
        host: "host-1",
        image: null,
        volumes: [],
        killed: Object.fromEntries(ended.map(({ container }) => [container, "killed"])),
        leads: [],
      }),
      watch: (wake, signal) => {
        this.#wake = wake;
        return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
      },
    };
  }

  ends(...ended: readonly EndedWorker[]): void {
    this.#ended = ended;
    this.#wake();
  }

  has(holds: (note: HostNode | null) => boolean): Promise<void> {
    return this.until(() => {
      const node = this.znodes.nodes.get(paths.host("host-1"));
      return holds(node === undefined ? null : fromJson<HostNode>(node.data));
    });
  }

  until(holds: () => boolean): Promise<void> {
    return eventually(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return holds();
    });
  }

  suspects(name: string, container: string): SuspectsNode | null {
    const node = this.znodes.nodes.get(paths.suspect(noterOf(name, container)));
    return node === undefined ? null : fromJson<SuspectsNode>(node.data);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#kept;
  }
}

const opened = async (): Promise<World> => {
  const world = new World();
  await world.open();
  return world;
};

describe("a host of several, once a process of it has ended", () => {
  it("removes what a killed master held, and holds its death against none of its suspects", async () => {
    const world = await opened();
    world.ends({ worker: "w-1", container: "aaa", ending: "killed" });
    await world.has((note) => note?.killed.aaa !== undefined);
    const { nodes } = world.znodes;
    assert.deepEqual([nodes.has(paths.master), nodes.has(paths.worker("w-1"))], [false, false]);
    assert.equal(nodes.has(paths.worker("w-2")), true);
    assert.equal(world.suspects("w-1", "aaa"), null);
    await world.close();
  });

  it("holds a crash against the suspects that the worker had begun", async () => {
    const world = await opened();
    world.ends({ worker: "w-1", container: "aaa", ending: "crashed" });
    await world.has((note) => note?.killed.aaa !== undefined);
    assert.equal(world.znodes.nodes.has(paths.master), false);
    assert.deepEqual(world.suspects("w-1", "aaa"), { begun: ["m#0"], blamed: [], died: true });
    await world.close();
  });

  it("leaves the mastership and the name to those who hold them", async () => {
    const world = await opened();
    // A slave, and an earlier container of the master's name.
    world.ends(
      { worker: "w-2", container: "bbb", ending: "killed" },
      { worker: "w-1", container: "earlier", ending: "killed" },
    );
    await world.has((note) => note?.killed.earlier !== undefined);
    const { nodes } = world.znodes;
    assert.deepEqual([nodes.has(paths.master), nodes.has(paths.worker("w-1"))], [true, true]);
    assert.equal(nodes.has(paths.worker("w-2")), false);
    await world.close();
  });

  it("tries again when ZooKeeper did not answer", async () => {
    const world = await opened();
    world.znodes.failing = new Error("away");
    const { looks } = world;
    world.ends({ worker: "w-1", container: "aaa", ending: "killed" });
    await world.until(() => world.looks > looks);
    world.znodes.failing = undefined;
    await world.until(() => !world.znodes.nodes.has(paths.master));
    await world.close();
  });
});
