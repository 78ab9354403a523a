// What happens to files: damage, loss, and a disk without room.
import { setTimeout as sleep } from "node:timers/promises";
import { docker } from "../../cluster/command.ts";
import { signal } from "../../cluster/orchestrator.ts";
import { found, notYet, until } from "../../cluster/until.ts";
import { type Worker, workers } from "../../cluster/workers.ts";
import { host } from "../cluster/host.ts";
import { kill } from "../cluster/power.ts";
import { databaseIn, folderOf, remove, removeRecentPages, scribble, truncate } from "../cluster/volume.ts";
import { aSlave, called, cast, type Fault, hold, type Scene } from "./fault.ts";

async function damage(worker: Worker, { random, strike, note }: Scene): Promise<void> {
  const file = databaseIn(await folderOf(worker));
  strike();
  const pages = scribble(file, 8, random);
  removeRecentPages(file);
  await kill(worker);
  note(`noise over pages ${pages.join(", ")} of ${called(worker)}, ${worker.state}, then kill -9`);
}

const smallDisk = "96m";

/** The worker's successor lives on a disk of its own, which can be filled without harm to anybody else. */
async function onSmallDisk(slave: Worker, use: (folder: string) => Promise<unknown>): Promise<void> {
  const folder = await folderOf(slave);
  await replaced(slave, async () => {
    await host("mount", "-t", "tmpfs", "-o", `size=${smallDisk}`, "tmpfs", folder);
    await host("chown", "1000:1000", folder);
  });
  try {
    await settledAgain(slave.name);
    await use(folder);
  } finally {
    const [successor] = (await workers()).filter(({ name }) => name === slave.name);
    await replaced(successor ?? slave, () => host("umount", "--lazy", folder));
  }
}

/** Ends the worker's container and keeps the controller from making a new one before `meanwhile` is done. */
async function replaced(worker: Worker, meanwhile: () => Promise<unknown>): Promise<void> {
  await signal("controller", "STOP");
  try {
    await docker("rm", "--force", worker.containerName).catch(() => undefined);
    await meanwhile();
  } finally {
    await signal("controller", "CONT");
  }
}

const settledAgain = (name: string): Promise<Worker> =>
  until(`${name} serves on the small disk`, 30_000, async () => {
    const one = (await workers()).find((worker) => worker.name === name);
    return one?.state === "slave" ? found(one) : notYet(one?.state);
  });

const fill = (folder: string): Promise<string> =>
  host("sh", "-c", `dd if=/dev/zero of="${folder}/filling" bs=64k 2>/dev/null; true`);
const empty = (folder: string): Promise<string> => host("rm", "-f", `${folder}/filling`);

export const files: readonly Fault[] = [
  {
    name: "corrupt-slave",
    what: "noise over pages of a slave's file, which then restarts",
    needsRoot: true,
    run: async (scene) => damage(await aSlave(scene), scene),
  },
  {
    name: "corrupt-master",
    what: "noise over pages of the master's file, which then restarts",
    needsRoot: true,
    run: async (scene) => damage((await cast()).master, scene),
  },
  {
    name: "corrupt-running-slave",
    what: "noise over pages of a slave's file while it runs",
    needsRoot: true,
    run: async ({ random, strike, note }) => {
      const slave = random.pick((await cast()).slaves);
      const file = databaseIn(await folderOf(slave));
      strike();
      note(`noise over pages ${scribble(file, 8, random).join(", ")} of ${called(slave)}, which runs on`);
    },
  },
  {
    name: "truncate-file",
    what: "a worker's file is cut short while it runs",
    needsRoot: true,
    run: async ({ random, strike, note }) => {
      const worker = random.pick((await cast()).all);
      const file = databaseIn(await folderOf(worker));
      strike();
      note(`the file of ${called(worker)}, ${worker.state}, ends at byte ${truncate(file, random)} now`);
    },
  },
  {
    name: "delete-file",
    what: "a worker's file is deleted while it runs",
    needsRoot: true,
    run: async ({ random, strike, note }) => {
      const worker = random.pick((await cast()).all);
      const file = databaseIn(await folderOf(worker));
      strike();
      remove(file);
      note(`the file of ${called(worker)}, ${worker.state}, is deleted`);
    },
  },
  {
    name: "slave-disk-full",
    what: "a slave's disk is full",
    holdMs: [3_000, 8_000],
    needsRoot: true,
    run: async (scene) => {
      const slave = await aSlave(scene);
      await onSmallDisk(slave, async (folder) => {
        scene.note(`no room left for ${slave.name}`);
        scene.strike();
        await fill(folder);
        await hold(scene);
        await empty(folder);
        await sleep(3_000);
      });
    },
  },
  {
    name: "master-disk-full",
    what: "the master's disk is full",
    holdMs: [3_000, 8_000],
    needsRoot: true,
    healsWithinMs: 90_000,
    run: async (scene) => {
      const slave = await aSlave(scene);
      await onSmallDisk(slave, async (folder) => {
        const others = (await workers()).filter(({ name }) => name !== slave.name);
        await kill(...others);
        await sleep(2_000);
        scene.note(`no room left for ${slave.name}, the only one that can lead`);
        scene.strike();
        await fill(folder);
        await hold(scene);
        await empty(folder);
        await sleep(3_000);
      });
    },
  },
];
