// The containers of the stack on each host: brokers, ZooKeeper servers, orchestrators; and ways into them from outside.
import { lines } from "../../cluster/command.ts";
import { cluster } from "../../cluster/settings.ts";
import type { Reached } from "../../hosts/hosts.ts";
import { type HostNumber, hosts, reachable } from "./testbed.ts";

export type Part = "rabbitmq" | "zookeeper" | "orchestrator";

/** The id, in full. @throws when it does not run */
export async function partOn(host: HostNumber, part: Part): Promise<string> {
  const filters = [`label=dbaas.stack=${cluster}`, `label=dbaas.part=${part}`, "status=running"];
  const asked = filters.flatMap((filter) => ["--filter", filter]);
  const [id] = lines(await hosts.docker(host, "ps", "--quiet", "--no-trunc", ...asked));
  if (id === undefined) throw new Error(`host ${host} runs no ${part}`);
  return id;
}

interface Way extends Reached {
  readonly container: string;
}

const ways = new Map<string, Way>();

/** The way stays open until the container is another one. @throws when the host does not run that part */
export async function portInto(host: HostNumber, part: Part, port: number): Promise<number> {
  const name = `${host} ${part} ${port}`;
  const container = await partOn(host, part);
  const before = ways.get(name);
  if (before?.container === container) return before.port;
  before?.close();
  const way = await hosts.reachIn(host, container, port);
  ways.set(name, { ...way, container });
  return way.port;
}

/** The first host that can be reached and with which this succeeds. @throws what the last one threw */
export async function atSomeHost<T>(use: (host: HostNumber) => Promise<T>): Promise<T> {
  let last: unknown = new Error("no host can be reached");
  for (const host of reachable())
    try {
      return await use(host);
    } catch (error) {
      last = error;
    }
  throw last;
}

export async function commandIn(
  host: HostNumber,
  part: Part,
  ...command: readonly string[]
): Promise<string> {
  return hosts.docker(host, "exec", await partOn(host, part), ...command);
}
