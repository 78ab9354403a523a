// The workers of three hosts as they really are: containers by what each host's engine says, roles by what stands in ZooKeeper.
import { lines } from "../../cluster/command.ts";
import type { Copy } from "../../cluster/copies.ts";
import { cluster } from "../../cluster/settings.ts";
import { found, notYet, until } from "../../cluster/until.ts";
import { seenBy } from "../cluster/zookeeper.ts";
import type { WorkerSeen } from "../world.ts";
import { type HostNumber, hosts, reachable } from "./testbed.ts";
import { zooKeeper } from "./zookeeper.ts";

export interface HostWorker extends WorkerSeen {
  readonly host: HostNumber;
  /** In full. */
  readonly id: string;
}

/** On hosts that can be reached. */
export async function workers(): Promise<readonly HostWorker[]> {
  const containers = (await Promise.all(reachable().map(containersOn))).flat();
  const { master, workers: nodes } = await seenBy(await zooKeeper());
  return containers.map((one) => {
    const node = nodes.find(({ container }) => one.id.startsWith(container));
    const leads = master !== null && one.id.startsWith(master.container);
    return { ...one, state: leads ? "master" : (node?.state ?? null) };
  });
}

async function containersOn(host: HostNumber): Promise<readonly Omit<HostWorker, "state">[]> {
  const filters = ["--filter", `label=dbaas.cluster=${cluster}`, "--filter", "label=dbaas.worker"];
  const format = '{{.ID}} {{.Label "dbaas.worker"}}';
  const listed = await hosts.docker(host, "ps", "--no-trunc", ...filters, "--format", format);
  return lines(listed).map((line) => {
    const [id = "", name = ""] = line.split(" ");
    return { host, id, name };
  });
}

export interface HostCast {
  readonly master: HostWorker;
  readonly slaves: readonly HostWorker[];
  readonly all: readonly HostWorker[];
}

/** @throws when there is no master, or no slave */
export async function cast(): Promise<HostCast> {
  const all = await workers();
  const master = all.find(({ state }) => state === "master");
  const slaves = all.filter(({ state }) => state === "slave");
  if (master === undefined || slaves.length === 0)
    throw new Error(`no complete cast: ${all.map(({ name, state }) => `${name} ${state}`).join(", ")}`);
  return { master, slaves, all };
}

const newMasterMs = 20_000;

export const masterOtherThan = (old: HostWorker): Promise<HostWorker> =>
  until("another master", newMasterMs, async () => {
    const master = (await workers()).find(({ state }) => state === "master");
    return master !== undefined && master.id !== old.id ? found(master) : notYet("none");
  });

export async function kill(...some: readonly HostWorker[]): Promise<void> {
  const pids = await Promise.all(some.map(({ host, id }) => hosts.pidOf(host, id)));
  for (const pid of pids) process.kill(pid, "SIGKILL");
}

export const called = (...some: readonly HostWorker[]): string =>
  some.map(({ name, host }) => `${name} on host ${host}`).join(", ");

const inspected = async ({ host, id }: HostWorker, ...sql: readonly string[]): Promise<unknown> =>
  JSON.parse(await hosts.docker(host, "exec", id, "node", "worker/copy/inspect.ts", "/data", ...sql));

export async function copyOf(worker: HostWorker): Promise<Copy> {
  return { worker: worker.name, ...((await inspected(worker)) as Omit<Copy, "worker">) };
}

export async function rowsIn(
  name: string,
  sql: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const worker = (await workers()).find((one) => one.name === name);
  if (worker === undefined) throw new Error(`${name} is gone`);
  return (await inspected(worker, sql)) as readonly Readonly<Record<string, unknown>>[];
}
