// Processes that do not die but stand still, as under a hypervisor's pause, a long collection of garbage or a debugger.
import { setTimeout as sleep } from "node:timers/promises";
import { docker } from "../../cluster/command.ts";
import { signal } from "../../cluster/orchestrator.ts";
import { containers } from "../../cluster/settings.ts";
import { frozen, kill } from "../cluster/power.ts";
import { aSlave, called, cast, type Fault, hold } from "./fault.ts";

async function controllerFrozen(meanwhile: () => Promise<unknown>): Promise<void> {
  await signal("controller", "STOP");
  try {
    await meanwhile();
  } finally {
    await signal("controller", "CONT");
  }
}

export const freezes: readonly Fault[] = [
  {
    name: "freeze-master-briefly",
    what: "the master stands still for less than its session's timeout",
    holdMs: [500, 2_000],
    run: async (scene) => {
      const { master } = await cast();
      scene.note(`${called(master)} stands still`);
      scene.strike();
      await frozen(master.containerName, () => hold(scene));
    },
  },
  {
    name: "freeze-master",
    what: "the master stands still for longer than its session's timeout, then goes on",
    holdMs: [5_500, 9_000],
    run: async (scene) => {
      const { master } = await cast();
      scene.note(`${called(master)} stands still`);
      scene.strike("hung master");
      await frozen(master.containerName, () => hold(scene));
    },
  },
  {
    name: "freeze-slave",
    what: "a slave stands still",
    holdMs: [2_000, 8_000],
    run: async (scene) => {
      const slave = await aSlave(scene);
      scene.note(`${called(slave)} stands still`);
      scene.strike();
      await frozen(slave.containerName, () => hold(scene));
    },
  },
  {
    name: "freeze-heir-and-kill-master",
    what: "the master dies while the slave that would succeed it stands still, behind in the log",
    holdMs: [2_000, 8_000],
    run: async (scene) => {
      const { master, slaves } = await cast();
      const [heir = master] = slaves;
      scene.note(`${called(heir)} stands still, kill -9 ${called(master)}`);
      await frozen(heir.containerName, async () => {
        await sleep(scene.random.between(200, 1_000));
        scene.strike();
        await kill(master);
        await hold(scene);
      });
    },
  },
  {
    name: "freeze-controller",
    what: "the controller stands still, and the master dies meanwhile: the slaves elect another without it",
    holdMs: [5_000, 12_000],
    run: async (scene) => {
      const { master } = await cast();
      await controllerFrozen(async () => {
        scene.note(`the controller stands still, kill -9 ${called(master)}`);
        // The controller cannot remove its znodes: as slow as a hang.
        scene.strike("hung master");
        await kill(master);
        await hold(scene);
      });
    },
  },
  {
    name: "freeze-rabbitmq",
    what: "RabbitMQ stands still",
    holdMs: [1_000, 9_000],
    run: async (scene) => {
      scene.strike();
      await frozen(containers.rabbit, () => hold(scene));
    },
  },
  {
    name: "freeze-zookeeper",
    what: "ZooKeeper stands still",
    holdMs: [1_000, 9_000],
    run: async (scene) => {
      scene.strike();
      await frozen(containers.zooKeeper, () => hold(scene));
    },
  },
  {
    name: "hold-lock",
    what: "another process holds the write lock on a worker's file",
    holdMs: [500, 4_000],
    run: async (scene) => {
      const worker = scene.random.pick((await cast()).all);
      scene.note(`locked: ${called(worker)}, ${worker.state}`);
      scene.strike();
      const script = `const s = require("sqlite3"); const d = new s.Database("/data/data.db");
        d.configure("busyTimeout", 5000);
        d.exec("BEGIN IMMEDIATE", () => setTimeout(() => process.exit(0), ${scene.holdMs}));`;
      await docker("exec", worker.id, "node", "-e", script).catch(() => undefined);
    },
  },
];
