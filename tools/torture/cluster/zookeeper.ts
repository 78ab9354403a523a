// The tortured cluster's znodes: read all at once for the checks, followed for the timeline, and taken away by faults.

import {
  type Command,
  fromJson,
  type MasterNode,
  pathsOf,
  type WorkerNode,
} from "../../../core/state/znodes.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import { ZooKeeperSession } from "../../../platform/zookeeper/zookeeper.ts";
import { cluster, ports } from "../../cluster/settings.ts";
import { credentialsFor } from "./credentials.ts";
import { OneSession } from "./one-session.ts";

const log = createLog({ program: "torture", format: "text", level: "error" });
export const paths = pathsOf(cluster);

const open = async (): Promise<ZooKeeperSession> =>
  ZooKeeperSession.open({
    servers: `${await credentialsFor("ZOOKEEPER")}@127.0.0.1:${ports.zooKeeper}`,
    sessionTimeoutMs: 6_000,
    log,
  });

const one = new OneSession(open);
export const zooKeeper = (): Promise<ZooKeeperSession> => one.get();
export const closeZooKeeper = (): Promise<void> => one.close();

export interface SeenCluster {
  readonly master: (MasterNode & { readonly epoch: number }) | null;
  readonly workers: readonly WorkerNode[];
}

export async function seenBy(session: ZooKeeperSession): Promise<SeenCluster> {
  const [node, names] = await Promise.all([session.get(paths.master), session.children(paths.workers)]);
  const nodes = await Promise.all(names.map((name) => session.get(paths.worker(name))));
  const master = node === null ? null : fromJson<MasterNode>(node.data);
  return {
    master: node === null || master === null ? null : { ...master, epoch: node.stat.czxid },
    workers: nodes.flatMap((one) => (one === null ? [] : (fromJson<WorkerNode>(one.data) ?? []))),
  };
}

export interface ZnodesLeft {
  readonly workerNodes: readonly string[];
  readonly pidNodes: readonly string[];
  readonly drainNodes: readonly string[];
  readonly openCommands: readonly string[];
}

export async function znodesLeft(session: ZooKeeperSession): Promise<ZnodesLeft> {
  const [workerNodes, pidNodes, drainNodes, commands] = await Promise.all(
    [paths.workers, paths.pids, paths.draining, paths.commands].map((path) => session.children(path)),
  );
  const open = await Promise.all(
    (commands ?? []).map(async (id) => {
      const node = await session.get(`${paths.commands}/${id}`);
      return node !== null && fromJson<Command>(node.data)?.outcome === undefined ? [id] : [];
    }),
  );
  return {
    workerNodes: workerNodes ?? [],
    pidNodes: pidNodes ?? [],
    drainNodes: drainNodes ?? [],
    openCommands: open.flat(),
  };
}
