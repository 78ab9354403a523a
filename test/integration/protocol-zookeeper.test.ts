import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { pathsOf } from "../../core/state/znodes.ts";
import { sleep, within } from "../../platform/process/waiting.ts";
import { createLog } from "../../platform/telemetry/log.ts";
import { ZooKeeperSession } from "../../platform/zookeeper/zookeeper.ts";
import { zooKeeperContract } from "../contract/zookeeper-contract.ts";
import { uniqueCluster, zooKeeperServers } from "./services.ts";
import { TcpProxy } from "./tcp-proxy.ts";
import { found, notYet, until } from "./until.ts";

const log = createLog({ program: "test", format: "text", level: "warn" });

zooKeeperContract("a real one", {
  root: pathsOf(uniqueCluster()).root,
  open: async () => undefined,
  connect: () => ZooKeeperSession.open({ servers: zooKeeperServers(), sessionTimeoutMs: 30_000, log }),
  close: async () => undefined,
});

describe("a session whose connection fails", () => {
  const paths = pathsOf(uniqueCluster());
  /** Of a session that shall live, of one that shall expire, and of one that gives connections up. */
  const timeoutsMs = { living: 30_000, expiring: 4_000, hasty: 1_500 } as const;
  const ephemeral = `${paths.root}/e`;
  // A fault is one that is never heard of, not one that is late.
  const heardWithinMs = 60_000;
  let proxy: TcpProxy;
  let watcher: ZooKeeperSession;
  let session: ZooKeeperSession;

  const fired = (what: string, signal: AbortSignal) =>
    until(what, 30_000, async () => (signal.aborted ? found(true) : notYet("it has not fired")));

  before(async () => {
    const [host = "", port = ""] = zooKeeperServers().split(":");
    proxy = await TcpProxy.to(host, Number(port));
    const sessionTimeoutMs = timeoutsMs.living;
    watcher = await ZooKeeperSession.open({ servers: zooKeeperServers(), sessionTimeoutMs, log });
    await watcher.ensure(paths.root);
  });
  after(async () => {
    watcher.close();
    await proxy.close();
  });

  const open = async (sessionTimeoutMs: number) => {
    session = await ZooKeeperSession.open({ servers: `127.0.0.1:${proxy.port}`, sessionTimeoutMs, log });
  };

  it("lives on when the connection comes back in time, and tells of what changed meanwhile", async () => {
    await open(timeoutsMs.living);
    await session.create(ephemeral, "", { ephemeral: true });
    await watcher.put(`${paths.root}/x`, "1");
    let wakes = 0;
    session.watch("node", `${paths.root}/x`, () => {
      wakes += 1;
    });
    await session.get(paths.root);
    const before = wakes;
    proxy.drop();
    await watcher.put(`${paths.root}/x`, "2");
    await until("the change is told", 30_000, async () => (wakes > before ? found(true) : notYet(wakes)));
    assert.equal(session.ended.aborted, false);
    assert.equal((await session.get(`${paths.root}/x`))?.data, "2");
    assert.notEqual(await watcher.get(ephemeral), null);
    session.close();
  });

  it("is silent first, and ended once the ensemble says that it has expired", async () => {
    await open(timeoutsMs.expiring);
    await session.create(ephemeral, "", { ephemeral: true });
    proxy.hold();
    await until("others see its node gone", 30_000, async () =>
      (await watcher.get(ephemeral)) === null ? found(true) : notYet("it is there"),
    );
    await fired("it knows that it was not heard of", session.silent);
    assert.equal(session.ended.aborted, false, "nobody has told it yet");
    proxy.release();
    await fired("it is over", session.ended);
    await assert.rejects(session.get(paths.root), { name: "TransientError" });
    session.close();
  });

  it("calls fail while the ensemble does not answer, and none of them hangs", async () => {
    await open(timeoutsMs.hasty);
    proxy.hold();
    await assert.rejects(session.get(paths.root), { name: "TransientError" });
    proxy.release();
    session.close();
  });

  // It once did: the client's socket was closed, its number given to the next one, and that one forgotten with it.
  it("harms no connection that is made meanwhile", async () => {
    await open(timeoutsMs.hasty);
    const echo = createServer((socket) => void socket.pipe(socket)).listen(0, "127.0.0.1");
    await once(echo, "listening");
    const { port } = echo.address() as AddressInfo;
    const others: Socket[] = [];
    try {
      proxy.hold();
      // Long enough for the client to give a connection up, try again, and give that up as well.
      const enoughAtMs = performance.now() + 3 * timeoutsMs.hasty;
      while (performance.now() < enoughAtMs) {
        const other = connect(port, "127.0.0.1");
        others.push(other);
        await within(once(other, "connect"), heardWithinMs, "a connection of its own");
        await sleep(5);
      }
      for (const other of others) {
        other.write("?");
        await within(once(other, "data"), heardWithinMs, "an answer over a connection of its own");
      }
    } finally {
      proxy.release();
      for (const other of others) other.destroy();
      echo.close();
      session.close();
    }
  });
});
