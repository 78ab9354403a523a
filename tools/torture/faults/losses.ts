// What is lost here is not a process but state: the end of the log, the whole log, ZooKeeper's data, the
// names that the workers had, the copies. As long as one copy has what was acknowledged, it must lead again.
import { setTimeout as sleep } from "node:timers/promises";
import { queues } from "../../../core/messages/queues.ts";
import { dbaas, dbaasWith, docker } from "../../cluster/command.ts";
import { applyManifest } from "../../cluster/manifest.ts";
import { signal } from "../../cluster/orchestrator.ts";
import { cluster, containers } from "../../cluster/settings.ts";
import { found, notYet, until } from "../../cluster/until.ts";
import { masterOf, type Worker, workers } from "../../cluster/workers.ts";
import { writeBallastAgain } from "../ballast.ts";
import { attempt } from "../clients/attempt.ts";
import { rabbitmqctl } from "../cluster/broker.ts";
import { kill } from "../cluster/power.ts";
import { asBefore, copiedAside, emptied, folderOf, hidden, removeVolume } from "../cluster/volume.ts";
import { baselineWorkers } from "../manifest.ts";
import { settled } from "../settle.ts";
import { aSlave, called, cast, type Fault, hold, masterOtherThan, type Scene } from "./fault.ts";
import { asking, slaves } from "./operators.ts";

const slowlyMs = 180_000;
/** More than the manifest lets the log hold, with the segment that is being written. */
const trimmingMebibytes = 112;
const permanent = [containers.zooKeeper, containers.rabbit, containers.orchestrator] as const;
const zooKeeperVolumes = [`${cluster}-zookeeper-data`, `${cluster}-zookeeper-log`] as const;
const brokerVolume = `${cluster}-rabbitmq-data`;

async function killEverything(): Promise<void> {
  const all = (await workers()).map(({ id }) => id);
  await docker("kill", ...permanent, ...all);
}

const startAll = (): Promise<string> => docker("start", ...permanent);

/** The broker as it is now, on the disk; it is away for a moment. */
async function brokerNow(): Promise<string> {
  await docker("stop", containers.rabbit);
  const aside = await copiedAside(brokerVolume);
  await docker("start", containers.rabbit);
  await settled(baselineWorkers, slowlyMs);
  return aside;
}

/** What the clients are told from `aside` on stands in the copies alone, once the broker is back. */
async function rolledBack(scene: Scene, stop: () => Promise<unknown>, start: () => Promise<unknown>) {
  const aside = await brokerNow();
  scene.note(`the broker's volume is kept as it is, then written on for ${scene.holdMs} ms`);
  await hold(scene);
  scene.strike();
  await stop();
  await asBefore(brokerVolume, aside);
  await start();
}

/** Stops everything while two workers run whose names are not the lowest ones: those have volumes of long ago. */
async function stoppedAfterDrift({ note, strike }: Scene, stopAndStart: () => Promise<void>): Promise<void> {
  await asking(await slaves(4), async () => {
    await settled(5, slowlyMs);
    for (let times = 0; times < 2; times++) {
      const { master } = await cast();
      await kill(master);
      await masterOtherThan(master);
      await settled(5, slowlyMs);
    }
    await applyManifest(await slaves(1), slowlyMs);
    await settled(2, slowlyMs);
    note(`names have drifted: ${called(...(await workers()))}`);
    await writeBallastAgain(trimmingMebibytes);
    strike();
    await stopAndStart();
    await settled(2, slowlyMs);
    note(`after the stop: ${called(...(await workers()))}`);
  });
}

async function copiesHidden(all: readonly Worker[]): Promise<ReadonlyMap<string, () => Promise<void>>> {
  const back = new Map<string, () => Promise<void>>();
  for (const worker of all) back.set(worker.name, await hidden(await folderOf(worker)));
  return back;
}

/** The service must not go on with less than it acknowledged, and must say so. */
async function mustStop({ violate, note }: Scene): Promise<void> {
  const said = await until("the status says that data is missing", slowlyMs, async () => {
    const status = await dbaas("status");
    return status.includes("accept-loss") ? found(status) : notYet(status.slice(0, 400));
  });
  note(
    `said: ${said
      .split("\n")
      .find((line) => line.includes("accept-loss"))
      ?.trim()}`,
  );
  const { kind, ...rest } = await attempt("/api/v1/db/write", {
    op: "upsert",
    table: "ballast",
    row: { n: -1, filling: "x" },
  });
  if (kind !== "answered" || !("answer" in rest) || rest.answer.status !== 503)
    violate("a write was taken although acknowledged data is missing", JSON.stringify({ kind, ...rest }));
}

/** Nothing that holds the data is left, until the last master's copy comes back. */
async function withoutCopies(scene: Scene): Promise<void> {
  const aside = await brokerNow();
  await hold(scene);
  const all = await workers();
  const master = masterOf(all);
  scene.strike();
  await dbaas("down");
  const back = await copiesHidden(all);
  await asBefore(brokerVolume, aside);
  // It cannot get ready.
  await dbaasWith({ DBAAS_UP_TIMEOUT: "20" }, "up").catch(() => undefined);
  await mustStop(scene);
  scene.note(`the copy of ${master.name} comes back`);
  await signal("controller", "STOP");
  try {
    await docker("rm", "--force", master.containerName).catch(() => undefined);
    await back.get(master.name)?.();
  } finally {
    await signal("controller", "CONT");
  }
}

export const losses: readonly Fault[] = [
  {
    name: "roll-broker-back",
    what: "the broker is killed and its volume put back to what it was a while ago: the log has lost its end",
    holdMs: [3_000, 15_000],
    needsRoot: true,
    healsWithinMs: slowlyMs,
    run: (scene) =>
      rolledBack(
        scene,
        () => docker("kill", containers.rabbit),
        () => docker("start", containers.rabbit),
      ),
  },
  {
    name: "power-cut",
    what: "everything is killed at once, and the log has lost its end when it starts again",
    holdMs: [500, 5_000],
    needsRoot: true,
    healsWithinMs: slowlyMs,
    run: (scene) => rolledBack(scene, killEverything, startAll),
  },
  {
    name: "drift-and-stop",
    what: "names have drifted by crashes and scaling, the log is trimmed, then ./dbaas down and ./dbaas up",
    healsWithinMs: slowlyMs,
    run: (scene) =>
      stoppedAfterDrift(scene, async () => {
        await dbaas("down");
        await dbaas("up");
      }),
  },
  {
    name: "drift-and-kill-everything",
    what: "names have drifted by crashes and scaling, the log is trimmed, then every container is killed and the log is lost",
    needsRoot: true,
    healsWithinMs: slowlyMs,
    run: (scene) =>
      stoppedAfterDrift(scene, async () => {
        await killEverything();
        await emptied(brokerVolume);
        await startAll();
      }),
  },
  {
    name: "lose-zookeeper-data",
    what: "ZooKeeper loses its data while the workers run",
    needsRoot: true,
    healsWithinMs: slowlyMs,
    run: async ({ strike }) => {
      strike();
      await docker("kill", containers.zooKeeper);
      for (const volume of zooKeeperVolumes) await emptied(volume);
      await docker("start", containers.zooKeeper);
    },
  },
  {
    name: "lose-zookeeper-data-while-down",
    what: "ZooKeeper loses its data while everything is down",
    needsRoot: true,
    healsWithinMs: slowlyMs,
    run: async ({ strike }) => {
      strike();
      await dbaas("down");
      for (const volume of zooKeeperVolumes) await emptied(volume);
      await dbaas("up");
    },
  },
  {
    name: "lose-zookeeper-data-and-log",
    what: "ZooKeeper and the broker lose all their data while everything is down: only the copies are left",
    needsRoot: true,
    healsWithinMs: slowlyMs,
    run: async ({ strike }) => {
      strike();
      await dbaas("down");
      for (const volume of [...zooKeeperVolumes, brokerVolume]) await emptied(volume);
      await dbaas("up");
    },
  },
  {
    name: "delete-log-while-joining",
    what: "the log is deleted in the moment in which a worker joins with an empty copy",
    needsRoot: true,
    healsWithinMs: slowlyMs,
    run: async (scene) => {
      const slave = await aSlave(scene);
      await signal("controller", "STOP");
      try {
        await docker("rm", "--force", slave.containerName);
        await removeVolume(slave.containerName);
      } finally {
        await signal("controller", "CONT");
      }
      const delayMs = scene.random.between(0, 2_500);
      await sleep(delayMs);
      scene.note(`${slave.name} begins with nothing; syncQ is deleted ${delayMs} ms later`);
      scene.strike();
      await rabbitmqctl("delete_queue", queues.sync);
    },
  },
  {
    name: "only-the-masters-volume",
    what: "everything is down, and the master's volume is the only one left: no log, no other copies",
    needsRoot: true,
    healsWithinMs: slowlyMs,
    run: async ({ strike, note }) => {
      const all = await workers();
      const master = masterOf(all);
      note(`only ${master.name} keeps its volume`);
      strike();
      await dbaas("down");
      for (const { name, containerName } of all) if (name !== master.name) await removeVolume(containerName);
      await emptied(brokerVolume);
      await dbaas("up");
    },
  },
  {
    name: "hide-every-copy",
    what: "the log has lost its end and no copy is left: the service stops and says so, until a copy comes back",
    holdMs: [2_000, 5_000],
    needsRoot: true,
    healsWithinMs: slowlyMs,
    run: withoutCopies,
  },
];
