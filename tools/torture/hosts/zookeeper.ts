// The ZooKeeper servers of three hosts: a session with one of them, and which of them leads.

import { connect } from "node:net";
import { createLog } from "../../../platform/telemetry/log.ts";
import { ZooKeeperSession } from "../../../platform/zookeeper/zookeeper.ts";
import { OneSession } from "../cluster/one-session.ts";
import { credentials } from "./credentials.ts";
import { atSomeHost, portInto } from "./parts.ts";
import { type HostNumber, hostNumbers, reachable } from "./testbed.ts";

const clientPort = 2181;
const answersWithinMs = 2_000;
const sessionTimeoutMs = 6_000;

const log = createLog({ program: "torture", format: "text", level: "error" });

/** A server that has no majority takes a connection and gives no session: it is not asked. */
const open = (): Promise<ZooKeeperSession> =>
  atSomeHost(async (host) => {
    if ((await modeOn(host)) === null) throw new Error(`the ZooKeeper server of host ${host} does not serve`);
    const port = await portInto(host, "zookeeper", clientPort);
    const servers = `${await credentials("ZOOKEEPER")}@127.0.0.1:${port}`;
    return ZooKeeperSession.open({ servers, sessionTimeoutMs, log });
  });

const one = new OneSession(open);
export const zooKeeper = (): Promise<ZooKeeperSession> => one.get();
export const closeZooKeeper = (): Promise<void> => one.close();

/** What the server says that it is; null when it does not answer, or serves nobody. */
export async function modeOn(host: HostNumber): Promise<"leader" | "follower" | null> {
  const answer = await portInto(host, "zookeeper", clientPort)
    .then((port) => word(port, "srvr"))
    .catch(() => "");
  const [, mode] = /^Mode: (leader|follower)$/m.exec(answer) ?? [];
  return mode === "leader" || mode === "follower" ? mode : null;
}

export async function zooKeeperLeader(): Promise<number | undefined> {
  const modes = await Promise.all(
    hostNumbers.map((host) => (reachable().includes(host) ? modeOn(host) : null)),
  );
  const index = modes.indexOf("leader");
  return hostNumbers[index];
}

/** One of the server's four letter words. */
function word(port: number, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(command));
    socket.setTimeout(answersWithinMs, () => socket.destroy(new Error("no answer")));
    socket.setEncoding("utf8");
    socket.on("data", (some: string) => {
      text += some;
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(text));
  });
}
