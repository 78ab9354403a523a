// The native client among servers that take its connection and do not serve, as those of ZooKeeper that belong to no majority: the mend of
// the client is in patches/.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { zooKeeperAt } from "../../../../platform/zookeeper/zookeeper.ts";
import { welcome } from "./welcome.ts";

const log = createLog({ program: "test", format: "json", level: "silent" });
const sessionTimeoutMs = 600;
/** The client's own rule, so that it does not spin. */
const pauseMs = sessionTimeoutMs / 60;

/** @param serves asked at each connection, of which it is told the number, from 1 */
async function serverThat(
  t: TestContext,
  serves: (connection: number) => boolean,
  host = "127.0.0.1",
): Promise<Server> {
  let connections = 0;
  const server = createServer((socket: Socket) => {
    socket.on("error", () => undefined);
    connections += 1;
    const isServed = serves(connections);
    socket.once("data", () => {
      // Then it hangs up: the client would wait for the answer to its last word.
      if (isServed) socket.end(welcome());
      else socket.resetAndDestroy();
    });
  });
  await once(server.listen(0, host), "listening");
  t.after(() => server.close());
  return server;
}

const opener = (servers: readonly Server[], preferred?: string) =>
  zooKeeperAt(
    servers
      .map((one) => one.address() as AddressInfo)
      .map(({ address, port }) => `${address}:${port}`)
      .join(),
    log,
    preferred,
  );

describe("a client that a server turns away", () => {
  for (const others of [0, 1, 2, 3])
    it(`finds the one that serves later, of ${others + 1}`, async (t) => {
      const away = Array.from({ length: others }, () => serverThat(t, () => false));
      const servers = await Promise.all([...away, serverThat(t, (connection) => connection > 3)]);
      const session = await opener(servers)(sessionTimeoutMs);
      session.close();
    });

  it("asks the others at once, and pauses before it begins with the first one again", async (t) => {
    const askedAtMs: readonly number[][] = [[], []];
    const isEnough = () => askedAtMs.every((times) => times.length > 20);
    const servers = askedAtMs.map((times) =>
      serverThat(t, () => {
        times.push(performance.now());
        return isEnough();
      }),
    );
    const session = await opener(await Promise.all(servers))(sessionTimeoutMs);
    session.close();
    for (const times of askedAtMs) {
      // It has two lists at first, and goes through both.
      const [, , ...later] = times;
      const pauses = later.map((atMs, i) => atMs - (times[i + 1] as number));
      const short = pauses.filter((ms) => ms < pauseMs / 2);
      assert.deepEqual(short, []);
      // Nor does it rest for as long as it would ask a server that is there whether it is.
      const [median = 0] = pauses.toSorted((a, b) => a - b).slice(Math.floor(pauses.length / 2));
      assert.ok(median < sessionTimeoutMs / 6, `it pauses for ${median} ms`);
    }
  });
});

describe("a client that prefers a server", () => {
  it("asks that one first, each time, and the next one where it is turned away", async (t) => {
    const asked: string[] = [];
    const hosts = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];
    const servers = hosts.map((host) =>
      serverThat(
        t,
        () => {
          asked.push(host);
          return host !== "127.0.0.2";
        },
        host,
      ),
    );
    const all = await Promise.all(servers);
    for (const [preferred, expected] of [
      ["127.0.0.3", ["127.0.0.3"]],
      ["127.0.0.2", ["127.0.0.2", "127.0.0.3"]],
    ] as const)
      for (let times = 0; times < 5; times++) {
        asked.length = 0;
        const session = await opener(all, preferred)(sessionTimeoutMs);
        const first = [...asked];
        session.close();
        assert.deepEqual([...new Set(first)], expected);
      }
  });
});

describe("a session whose connection breaks", () => {
  for (const name of ["127.0.0.1", "localhost"])
    it(`begins at once with the next one, at ${name}`, async (t) => {
      const sockets: Socket[] = [];
      let tell: (what: string) => void = () => undefined;
      const again = new Promise<string>((resolve) => {
        tell = resolve;
      });
      const server = createServer((socket) => {
        const isFirst = sockets.push(socket) === 1;
        socket.on("error", () => undefined);
        socket.once("data", () => (isFirst ? socket.write(welcome()) : tell("it asks for its session")));
        socket.once("close", () => isFirst || tell("it gives up without a word"));
      });
      await once(server.listen(0), "listening");
      t.after(() => server.close());
      const { port } = server.address() as AddressInfo;
      const session = await zooKeeperAt(`${name}:${port}`, log)(sessionTimeoutMs);
      sockets[0]?.destroy();
      assert.equal(await again, "it asks for its session");
      for (const socket of sockets) socket.destroy();
      session.close();
    });
});
