// The tortured cluster on three simulated hosts, brought up as an operator would bring it up.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeSwarm } from "../../hosts/swarm.ts";
import { whyNoHosts } from "../../hosts/whether.ts";
import type { Remains } from "../check/leftovers.ts";
import { znodesLeft } from "../cluster/zookeeper.ts";
import { baseline, baselineWorkers } from "../manifest.ts";
import type { World } from "../world.ts";
import { apis } from "./apis.ts";
import { queuesSeen, withBroker } from "./broker.ts";
import { followLogs } from "./container-logs.ts";
import { leadersNow } from "./leaders.ts";
import { inWords } from "./roles.ts";
import { settled } from "./settled.ts";
import { hostNumbers, hosts } from "./testbed.ts";
import { copyOf, rowsIn, workers } from "./workers.ts";
import { closeZooKeeper, zooKeeper } from "./zookeeper.ts";

const upMs = 180_000;
/** Sessions of several hosts last as long as the loss of one may be felt. */
const sessionTimeout = "2s";

export const severalHosts = (keep: boolean): World => ({
  workersDesired: baselineWorkers,
  bringUp: bringUp,
  takeDown: async () => {
    await closeZooKeeper();
    if (!keep) await hosts.down();
  },
  followLogs: async (folder) => followLogs(folder),
  asks: (odd) => apis.asks(odd),
  withBroker,
  zooKeeper,
  settled: (withinMs, onLack) => settled(baselineWorkers, withinMs, onLack),
  copies: async () => Promise.all((await workers()).map(copyOf)),
  rowsIn,
  remains,
});

async function bringUp(print: (line: string) => void): Promise<void> {
  const reason = whyNoHosts();
  if (reason !== null) throw new Error(reason);
  print("bringing up three hosts with a cluster of their own");
  await hosts.prepare();
  await hosts.down();
  await hosts.up(hostNumbers.length);
  await makeSwarm(hosts, hostNumbers.length);
  const manifests = join(hosts.stateOf(1), "manifests");
  await mkdir(manifests, { recursive: true });
  await writeFile(join(manifests, "dbaas.yaml"), await manifest());
  await hosts.dbaas(1, "up", "--swarm");
  await apis.open();
  await settled(baselineWorkers, upMs);
  print(inWords(await leadersNow()));
  print(`by hand: ${hosts.variables()} tools/hosts/hosts.sh`);
}

const manifest = async (): Promise<string> =>
  (await baseline()).replace(/^( *sessionTimeout: ).*$/m, `$1${sessionTimeout}`);

async function remains(): Promise<Remains> {
  const [running, znodes, queues] = await Promise.all([
    workers(),
    zooKeeper().then(znodesLeft),
    queuesSeen(),
  ]);
  // Engines of a Swarm keep a few ended containers of a service for its operators to look at.
  const containers = running.map(({ name }) => ({ name, running: true }));
  const boots = hostNumbers.map((host) => `bootQ-${host}`);
  const queuesDesired = {
    lasting: ["readQ", "writeQ", "syncQ", "deadQ", ...boots],
    perProgram: [
      { kind: /^responseQ\./, count: hostNumbers.length },
      // Of the master that leads.
      { kind: /^witnessQ-/, count: 1 },
    ],
  };
  return { workersDesired: baselineWorkers, containers, ...znodes, queues, queuesDesired };
}
