import assert from "node:assert/strict";
import { once } from "node:events";
import { hostname } from "node:os";
import { after, before, describe, it } from "node:test";
import { acquireLock, processRuns } from "../../controller/registry/lock.ts";
import { ZnodeRegistry } from "../../controller/registry/znode-registry.ts";
import { TransientError } from "../../core/errors.ts";
import {
  type Command,
  fromJson,
  type MasterNode,
  noterOf,
  pathsOf,
  persistentParents,
  toJson,
} from "../../core/state/znodes.ts";
import { systemClock } from "../../platform/process/clock.ts";
import { createLog } from "../../platform/telemetry/log.ts";
import { ZooKeeperSession } from "../../platform/zookeeper/zookeeper.ts";
import { uniqueCluster, zooKeeperServers } from "./services.ts";

const log = createLog({ program: "test", format: "text", level: "silent" });
const open = () => ZooKeeperSession.open({ servers: zooKeeperServers(), sessionTimeoutMs: 60_000, log });

describe("ZnodeRegistry on a real ZooKeeper", () => {
  const paths = pathsOf(uniqueCluster());
  let session: ZooKeeperSession;
  let registry: ZnodeRegistry;
  const leader: MasterNode = { name: "w-1", container: "aaa", guid: "g", pid: 7 };

  before(async () => {
    session = await open();
    for (const parent of persistentParents(paths)) await session.ensure(parent);
    registry = new ZnodeRegistry(session, paths, systemClock);
  });
  after(() => session.close());

  it("sees a cluster that has just begun", async () =>
    assert.deepEqual(await registry.view(), {
      nodes: [],
      master: null,
      log: null,
      copies: new Map(),
      pids: new Map(),
      draining: new Map(),
      reads: 0,
      firstReadAtMs: null,
      window: null,
      backups: null,
      commands: [],
      spec: null,
      tables: null,
      logRetention: null,
    }));

  it("adds up the reads of all API processes", async () => {
    await session.put(`${paths.reads}/api-1`, toJson({ reads: 20, firstReadAtMs: 1_000 }));
    await session.put(`${paths.reads}/api-2`, toJson({ reads: 1, firstReadAtMs: 900 }));
    await session.put(`${paths.reads}/api-3`, toJson({ reads: 0, firstReadAtMs: null }));
    const { reads, firstReadAtMs } = await registry.view();
    assert.deepEqual({ reads, firstReadAtMs }, { reads: 21, firstReadAtMs: 900 });
  });

  it("knows the master by its epoch, and forgets only the one that is meant", async () => {
    await session.create(paths.master, toJson(leader), { ephemeral: true });
    const { master } = await registry.view();
    assert.equal(master?.epoch, (await session.stat(paths.master))?.czxid);
    await registry.forgetMaster({ ...leader, container: "bbb" });
    await registry.forgetMaster({ ...leader, guid: "a later life of the same container" });
    assert.equal((await registry.view()).master?.container, "aaa");
    await registry.forgetMaster(leader);
    assert.equal((await registry.view()).master, null);
    await registry.forgetMaster(leader);
  });

  it("forgets a dead worker and judges what it had begun, and no other's", async () => {
    const dead = { name: "w-9", container: "aaa", guid: "dead" };
    const [ofDead, ofOther] = [paths.suspect(noterOf("w-9", "aaa")), paths.suspect(noterOf("w-9", "bbb"))];
    const begun = { begun: ["1"], blamed: [] };
    const noted = async (path: string) => fromJson((await session.get(path))?.data ?? "null");
    await session.put(ofDead, toJson(begun));
    await session.put(ofOther, toJson(begun));
    const forget = async (container: string, verdict: "blamed" | "cleared"): Promise<void> => {
      await session.put(paths.worker("w-9"), toJson(dead));
      await registry.forgetWorker("w-9", container, verdict);
    };
    await forget("bbb", "cleared");
    assert.equal((await registry.view()).nodes[0]?.container, "aaa");
    await forget("aaa", "blamed");
    assert.deepEqual((await registry.view()).nodes, []);
    assert.deepEqual(await noted(ofDead), { ...begun, died: true });
    await forget("aaa", "cleared");
    assert.deepEqual((await registry.view()).nodes, []);
    assert.equal(await noted(ofDead), null);
    assert.deepEqual(await noted(ofOther), begun);
    await session.remove(ofOther);
  });

  it("drains no worker that became master, and none while nobody is", async () => {
    const mark = { container: "aaa", atMs: 1 };
    await assert.rejects(registry.writeDrain("w-1", mark), TransientError);
    await session.create(paths.master, toJson(leader), { ephemeral: true });
    await assert.rejects(registry.writeDrain("w-1", mark), TransientError);
    await registry.writeDrain("w-2", { container: "ccc", atMs: 2 });
    assert.deepEqual((await registry.view()).draining, new Map([["w-2", { container: "ccc", atMs: 2 }]]));
    await registry.removeDrain("w-2");
    assert.equal((await registry.view()).draining.size, 0);
  });

  it("gives commands in the order they were made, and the unreadable ones as such", async () => {
    const command: Command = { kind: "crashSlave", madeAtMs: 5 };
    await session.create(`${paths.commands}/command-`, toJson(command), { sequential: true });
    await session.create(`${paths.commands}/command-`, "garbage", { sequential: true });
    const { commands } = await registry.view();
    assert.deepEqual(
      commands.map((seen) => seen.command),
      [command, null],
    );
    for (const { id } of commands) await registry.removeCommand(id);
    assert.deepEqual((await registry.view()).commands, []);
  });

  it("writes to a command only as it was seen: not to one that was withdrawn or changed since", async () => {
    const command: Command = { kind: "crashSlave", madeAtMs: 5 };
    await session.create(`${paths.commands}/command-`, toJson(command), { sequential: true });
    const [seen] = (await registry.view()).commands;
    assert.ok(seen);
    const outcome = { ok: true, pid: 7 } as const;
    assert.equal(await registry.writeCommand(seen.id, { ...command, outcome }, seen.version), true);
    assert.equal(await registry.writeCommand(seen.id, command, seen.version), false);
    assert.deepEqual((await registry.view()).commands[0]?.command?.outcome, outcome);
    await registry.removeCommand(seen.id);
    assert.equal(await registry.writeCommand(seen.id, command, seen.version + 1), false);
    assert.deepEqual((await registry.view()).commands, []);
  });

  it("notes what a copy holds, keeps what is noted, and forgets it only for a volume that is made anew", async () => {
    const held = async () => (await registry.view()).copies.get("w-3")?.holds;
    await registry.listCopy({ worker: "w-3", host: "h", holds: null }, "existing");
    assert.equal(await held(), null);
    await session.put(paths.copy("w-3"), toJson({ holds: { epoch: 4, position: 7 }, atMs: 1 }));
    await registry.listCopy({ worker: "w-3", host: "h", holds: null }, "existing");
    assert.deepEqual(await held(), { epoch: 4, position: 7 });
    await registry.listCopy({ worker: "w-3", host: "h", holds: { epoch: 0, position: 0 } }, "new");
    assert.deepEqual(await held(), { epoch: 0, position: 0 });
    await session.put(paths.copy("w-3"), toJson({ holds: { epoch: 4, position: 7 }, atMs: 1 }));
    await registry.listCopy({ worker: "w-3", host: "host2", holds: null }, "existing");
    const noted = (await registry.view()).copies.get("w-3");
    assert.deepEqual([noted?.holds, noted?.host], [{ epoch: 4, position: 7 }, "host2"]);
    await registry.unlistCopy("w-3");
    assert.equal(await held(), undefined);
  });

  it("wakes a watcher of the master, of the workers and of commands when they change", async () => {
    const other = await open();
    const wakes: string[] = [];
    const all = new AbortController();
    const wake = (what: string) => () => {
      if (!wakes.includes(what)) wakes.push(what);
      if (wakes.length === 3) all.abort();
    };
    other.watch("node", paths.master, wake("master"));
    other.watch("children", paths.workers, wake("workers"));
    other.watch("children", paths.commands, wake("commands"));
    await other.get(paths.master);
    const told = once(all.signal, "abort");
    await registry.forgetMaster(leader);
    await session.create(paths.worker("w-1"), "{}", { ephemeral: true });
    await session.create(`${paths.commands}/command-`, "{}", { sequential: true });
    await told;
    other.close();
  });

  describe("the controllers' lock", () => {
    const place = { host: hostname(), pid: process.pid, isAlive: processRuns };
    const options = { path: paths.controller, place, clock: systemClock, log };
    const never = new AbortController().signal;

    it("lets a second controller wait until the first is gone", async () => {
      const first = await open();
      // Another place than this one: only its session tells whether it lives.
      await first.create(paths.controller, toJson({ host: "elsewhere", pid: 1, sinceMs: 1 }), {
        ephemeral: true,
      });
      const second = await open();
      let acquired = false;
      const waiting = acquireLock(second, options, never).then(() => {
        acquired = true;
      });
      await second.get(paths.controller);
      assert.equal(acquired, false);
      first.close();
      await waiting;
      assert.equal((await second.stat(paths.controller))?.mine, true);
      second.close();
    });

    it("takes the lock of an earlier process of the same place that is certainly over", async () => {
      const dead = await open();
      await dead.create(paths.controller, toJson({ host: hostname(), pid: 999_999_999, sinceMs: 1 }), {
        ephemeral: true,
      });
      const next = await open();
      await acquireLock(next, { ...options, place: { ...place, isAlive: () => false } }, never);
      assert.equal((await next.stat(paths.controller))?.mine, true);
      next.close();
      dead.close();
    });

    it("stops waiting when it is told to", async () => {
      const first = await open();
      await first.create(paths.controller, toJson({ host: "elsewhere", pid: 1, sinceMs: 1 }), {
        ephemeral: true,
      });
      const second = await open();
      await assert.rejects(acquireLock(second, options, AbortSignal.timeout(50)));
      first.close();
      second.close();
    });
  });
});
