// Single workers die or stand still, on whichever host they are.
import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../../../cluster/http.ts";
import { frozen } from "../../cluster/power.ts";
import { type Fault, hold, type Scene } from "../../faults/fault.ts";
import { apis } from "../apis.ts";
import { engineOf } from "../testbed.ts";
import { called, cast, kill, masterOtherThan } from "../workers.ts";

const lostMaster = ["process killed: master"] as const;

async function killMaster({ strike, note }: Scene): Promise<void> {
  const { master } = await cast();
  note(`kill -9 ${called(master)}`);
  strike("killed master", lostMaster);
  await kill(master);
}

async function asked({ note }: Scene, path: string): Promise<void> {
  const { status, text } = await call("POST", path, { port: apis.somePort() });
  note(`${path}: ${status} ${text}`);
}

export const workerDeaths: readonly Fault[] = [
  { name: "kill-master", what: "kill -9 of the master under load", run: killMaster },
  {
    name: "kill-master-idle",
    what: "kill -9 of the master while nearly nothing is asked for",
    run: async (scene) => {
      await scene.hush();
      await killMaster(scene);
    },
  },
  {
    name: "crash-master",
    what: "POST /api/v1/crash/master",
    run: async (scene) => {
      scene.strike("killed master", ["crash call: master"]);
      await asked(scene, "/api/v1/crash/master");
    },
  },
  {
    name: "kill-master-twice",
    what: "kill -9 of the master and, as soon as it leads, of its successor",
    run: async ({ strike, note, random }) => {
      const { master } = await cast();
      strike("killed master", lostMaster);
      await kill(master);
      const successor = await masterOtherThan(master);
      await sleep(random.between(0, 300));
      strike("killed master", lostMaster);
      await kill(successor);
      note(`kill -9 ${called(master)}, then ${called(successor)}`);
    },
  },
  {
    name: "kill-all-workers",
    what: "kill -9 of all workers on all hosts at once",
    run: async ({ strike, note }) => {
      const { all } = await cast();
      note(`kill -9 ${called(...all)}`);
      strike("other", ["process killed: all workers"]);
      await kill(...all);
    },
  },
  {
    name: "switchover",
    what: "POST /api/v1/master/switchover",
    run: async (scene) => {
      scene.strike("switchover", ["switchover"]);
      await asked(scene, "/api/v1/master/switchover");
    },
  },
  {
    name: "kill-slave",
    what: "kill -9 of a slave",
    run: async ({ strike, note, random }) => {
      const slave = random.pick((await cast()).slaves);
      note(`kill -9 ${called(slave)}`);
      strike("other", ["process killed: slave"]);
      await kill(slave);
    },
  },
  {
    name: "freeze-master",
    what: "the master hangs for longer than its session",
    holdMs: [4_000, 9_000],
    run: async (scene) => {
      const { master } = await cast();
      scene.note(`stands still: ${called(master)}`);
      scene.strike("hung master", ["process frozen: master"]);
      await frozen(master.id, () => hold(scene), engineOf(master.host));
      scene.back();
    },
  },
];
