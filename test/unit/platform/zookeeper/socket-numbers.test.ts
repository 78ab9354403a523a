// The native client closes its socket where a connection breaks, and then tells whoever waits. What they open at that moment gets the
// number of the socket that was closed, and must be as good as any other: the mend of the client is in patches/.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { ZooKeeperSession } from "../../../../platform/zookeeper/zookeeper.ts";
import { welcome } from "./welcome.ts";

/** Lets everybody in, and hangs up at the first request. */
function hangsUp(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.once("data", () => {
    socket.write(welcome());
    socket.once("data", () => socket.destroy());
  });
}

const comesWithinMs = 20_000;

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

describe("a connection that is opened while ZooKeeper's breaks", () => {
  const echo = createServer((socket) => socket.on("error", () => undefined).pipe(socket));
  const zooKeeper = createServer(hangsUp);
  const log = createLog({ program: "test", format: "text", level: "silent" });

  before(async () => {
    for (const server of [echo, zooKeeper]) await once(server.listen(0, "127.0.0.1"), "listening");
  });
  after(() => {
    echo.close();
    zooKeeper.close();
  });

  it("carries what is sent, in both directions, for as long as it is open", async (t) => {
    for (let round = 0; round < 2; round++) {
      const servers = `127.0.0.1:${portOf(zooKeeper)}`;
      const session = await ZooKeeperSession.open({ servers, sessionTimeoutMs: 10_000, log });
      t.after(() => session.close());
      const opened = session.get("/x").then(
        () => assert.fail("it was answered"),
        () => connect(portOf(echo), "127.0.0.1"),
      );
      const socket = await opened;
      t.after(() => socket.destroy());
      for (const sent of ["a", "b", "c"]) {
        socket.write(sent);
        const [back] = await once(socket, "data", { signal: AbortSignal.timeout(comesWithinMs) });
        assert.equal(String(back), sent);
      }
    }
  });
});
