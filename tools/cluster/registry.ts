// What stands in the cluster's ZooKeeper, read by a session of the tests' own.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SpecNode } from "../../core/state/spec-node.ts";
import type { ClusterStatus } from "../../core/state/status.ts";
import {
  fromJson,
  type MasterNode,
  pathsOf,
  type WindowNode,
  type WorkerNode,
} from "../../core/state/znodes.ts";
import { createLog } from "../../platform/telemetry/log.ts";
import { ZooKeeperSession } from "../../platform/zookeeper/zookeeper.ts";
import { cluster, ports, rootDir } from "./settings.ts";

const log = createLog({ program: "test", format: "text", level: "warn" });
const paths = pathsOf(cluster);

let current: Promise<ZooKeeperSession> | null = null;

const open = async (): Promise<ZooKeeperSession> =>
  ZooKeeperSession.open({
    servers: `${await credentials()}@127.0.0.1:${ports.zooKeeper}`,
    sessionTimeoutMs: 10_000,
    log,
  });

/** As `./dbaas up` made them for this cluster. */
async function credentials(): Promise<string> {
  const text = await readFile(join(rootDir, ".dbaas", `${cluster}.env`), "utf8");
  const value = (name: string) => new RegExp(`^ZOOKEEPER_${name}=(.*)$`, "m").exec(text)?.[1] ?? "";
  return `${value("USER")}:${value("PASSWORD")}`;
}

/**
 * The session lives until `closeRegistry`; one that ended, with ZooKeeper or without, is followed by a new one. A silent one may
 * not have ended: unless it is closed it goes on to connect, and keeps the process from ending.
 */
async function session(): Promise<ZooKeeperSession> {
  const before = current;
  const opened = await before?.catch(() => null);
  if (opened && !opened.silent.aborted) return opened;
  // Of several that asked meanwhile the first one has opened it.
  if (current !== before && current !== null) return current;
  opened?.close();
  current = open();
  return current;
}

export async function closeRegistry(): Promise<void> {
  const opened = await current?.catch(() => null);
  current = null;
  opened?.close();
}

async function payload<T>(path: string): Promise<T | null> {
  const node = await (await session()).get(path);
  return node === null ? null : fromJson<T>(node.data);
}

export const seenStatus = (): Promise<ClusterStatus | null> => payload<ClusterStatus>(paths.status);
export const seenSpec = (): Promise<SpecNode | null> => payload<SpecNode>(paths.spec);
export const seenWindow = (): Promise<WindowNode | null> => payload<WindowNode>(paths.window);

/** Every path below this one, it included, but not what ZooKeeper keeps for itself. */
export async function seenPaths(path: string): Promise<readonly string[]> {
  const names = await (await session()).children(path);
  const below = names.filter((name) => path !== "/" || name !== "zookeeper");
  const paths = await Promise.all(below.map((name) => seenPaths(`${path === "/" ? "" : path}/${name}`)));
  return [path, ...paths.flat()];
}

/** The transaction that made the node: another one where it was made anew. Null when there is none. */
export const seenBirth = async (path: string): Promise<number | null> =>
  (await (await session()).stat(path))?.czxid ?? null;

/** The births of the nodes that go with a session: of the workers, of the master, and of the controller that acts. */
export async function seenSessions(): Promise<Readonly<Record<string, number | null>>> {
  const names = await (await session()).children(paths.workers);
  const all = [...names.map(paths.worker), paths.master, paths.controller];
  return Object.fromEntries(await Promise.all(all.map(async (path) => [path, await seenBirth(path)])));
}

/** The controller that acts. */
export const seenController = (): Promise<{ readonly pid: number } | null> => payload(paths.controller);

export interface SeenMaster extends MasterNode {
  readonly epoch: number;
}

export async function seenMaster(): Promise<SeenMaster | null> {
  const node = await (await session()).get(paths.master);
  const master = node === null ? null : fromJson<MasterNode>(node.data);
  return node === null || master === null ? null : { ...master, epoch: node.stat.czxid };
}

export async function seenWorkers(): Promise<readonly WorkerNode[]> {
  const names = await (await session()).children(paths.workers);
  const nodes = await Promise.all(names.map((name) => payload<WorkerNode>(paths.worker(name))));
  return nodes.filter((node) => node !== null);
}
