// A program that is connected to ZooKeeper and asks it a hundred things. Prints how many lookups there were when it was connected,
// and when it had its answers.
import { statSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { ZooKeeperSession } from "../../../../platform/zookeeper/zookeeper.ts";
import { welcome } from "./welcome.ts";

const noNode = -101;
const questions = 100;

/** Lets everybody in, and has nothing of what is asked for. Its answer: length, request, transaction, error. */
function knowsNothing(socket: Socket): void {
  socket.on("error", () => undefined);
  socket.once("data", () => {
    socket.write(welcome());
    socket.on("data", (data) => {
      for (let at = 0; at + 8 <= data.length; at += 4 + data.readInt32BE(at)) {
        const answer = Buffer.alloc(20);
        answer.writeInt32BE(16, 0);
        answer.writeInt32BE(data.readInt32BE(at + 4), 4);
        answer.writeInt32BE(noNode, 16);
        socket.write(answer);
      }
    });
  });
}

const lookups = (): number => statSync(process.env.LOOKUPS ?? "").size;

const server = createServer(knowsNothing);
server.listen(0, "127.0.0.1", async () => {
  const { port } = server.address() as AddressInfo;
  const log = createLog({ program: "test", format: "text", level: "silent" });
  const session = await ZooKeeperSession.open({
    servers: `localhost:${port}`,
    sessionTimeoutMs: 10_000,
    log,
  });
  await session.get("/x");
  const before = lookups();
  for (let i = 0; i < questions; i++) await session.get("/x");
  process.stdout.write(JSON.stringify([before, lookups()]));
  process.exit();
});
