// The tortured cluster on one machine, brought up and down by `./dbaas`.
import { dbaas, docker, lines } from "../../cluster/command.ts";
import { copyOf, rowsIn } from "../../cluster/copies.ts";
import { saveManifest } from "../../cluster/manifest.ts";
import { closeRegistry } from "../../cluster/registry.ts";
import { cluster } from "../../cluster/settings.ts";
import { workers } from "../../cluster/workers.ts";
import type { Remains } from "../check/leftovers.ts";
import { attempt } from "../clients/attempt.ts";
import { queuesSeen, withBroker } from "../cluster/broker.ts";
import { ContainerLogs } from "../cluster/container-logs.ts";
import { closeZooKeeper, znodesLeft, zooKeeper } from "../cluster/zookeeper.ts";
import { baseline, baselineWorkers } from "../manifest.ts";
import { settled } from "../settle.ts";
import type { World } from "../world.ts";

const upMs = 60_000;

export const oneHost = (keep: boolean): World => ({
  workersDesired: baselineWorkers,
  bringUp: async (print) => {
    print("bringing up a cluster of its own");
    await saveManifest(await baseline());
    await dbaas("down", "--volumes").catch(() => undefined);
    await dbaas("up");
    await settled(baselineWorkers, upMs);
  },
  takeDown: async () => {
    await closeRegistry();
    await closeZooKeeper();
    if (!keep) await dbaas("down", "--volumes");
  },
  followLogs: async (folder) => {
    const logs = new ContainerLogs(folder);
    await logs.follow();
    return () => logs.stop();
  },
  asks: () => [attempt],
  withBroker,
  zooKeeper,
  settled: (withinMs) => settled(baselineWorkers, withinMs),
  copies: async () => Promise.all((await workers()).map(copyOf)),
  rowsIn: async (name, sql) => {
    const worker = (await workers()).find((one) => one.name === name);
    if (worker === undefined) throw new Error(`${name} is gone`);
    return rowsIn(worker, sql);
  },
  remains,
});

async function remains(): Promise<Remains> {
  const format = '{{.Label "dbaas.worker"}} {{.State}}';
  const [listed, znodes, queues] = await Promise.all([
    docker("ps", "--all", "--filter", `label=dbaas.cluster=${cluster}`, "--format", format),
    zooKeeper().then(znodesLeft),
    queuesSeen(),
  ]);
  const containers = lines(listed).map((line) => {
    const [name = "", state = ""] = line.split(" ");
    return { name, running: state === "running" };
  });
  const queuesDesired = {
    lasting: ["readQ", "writeQ", "syncQ", "responseQ", "deadQ", "bootQ"],
    perProgram: [],
  };
  return { workersDesired: baselineWorkers, containers, ...znodes, queues, queuesDesired };
}
