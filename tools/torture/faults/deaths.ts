// Workers die: one, two, all, at chosen moments, by signal, by call and by an operator's hand.
import { setTimeout as sleep } from "node:timers/promises";
import { queues } from "../../../core/messages/queues.ts";
import type { Rabbit } from "../../../platform/rabbitmq/rabbit.ts";
import { docker } from "../../cluster/command.ts";
import { call } from "../../cluster/http.ts";
import { workers } from "../../cluster/workers.ts";
import { withBroker } from "../cluster/broker.ts";
import { host } from "../cluster/host.ts";
import { kill, terminate } from "../cluster/power.ts";
import { databaseIn, folderOf } from "../cluster/volume.ts";
import { aSlave, called, cast, type Fault, masterOtherThan, type Scene } from "./fault.ts";

async function killMaster({ strike, note }: Scene): Promise<void> {
  const { master } = await cast();
  note(`kill -9 ${called(master)}`);
  strike("killed master");
  await kill(master);
}

/** The very moment a record stands in the log: after the master published it and about when it reads it back. */
async function killAtRecord(scene: Scene): Promise<void> {
  const { master } = await cast();
  const delayMs = scene.random.between(0, 6);
  await withBroker(async (rabbit) => {
    await newRecord(rabbit, scene.random.between(20, 60));
    if (delayMs > 0) await sleep(delayMs);
    scene.strike("killed master");
    await kill(master);
  });
  scene.note(`kill -9 ${called(master)} ${delayMs} ms after a record appeared in the log`);
}

/** Resolves at once when that many records have come; what is in the log's last chunk comes first, then what is new. */
function newRecord(rabbit: Rabbit, number: number): Promise<unknown> {
  let counted = 0;
  const seen = new Promise<void>((resolve, reject) => {
    rabbit
      .consume(queues.sync, { prefetch: 100, streamOffset: "last" }, (delivery) => {
        delivery.ack();
        counted += 1;
        if (counted === number) resolve();
      })
      .catch(reject);
  });
  return Promise.race([seen, sleep(5_000)]);
}

async function crashCall(whom: "master" | "slave", { strike, note }: Scene): Promise<void> {
  strike(whom === "master" ? "killed master" : "other");
  const { status, text } = await call("POST", `/api/v1/crash/${whom}`);
  note(`crash/${whom}: ${status} ${text}`);
}

export const deaths: readonly Fault[] = [
  {
    name: "kill-master",
    what: "kill -9 of the master under load",
    run: killMaster,
  },
  {
    name: "kill-master-idle",
    what: "kill -9 of the master while nearly nothing is asked for",
    run: async (scene) => {
      await scene.hush();
      await killMaster(scene);
    },
  },
  {
    name: "kill-master-at-record",
    what: "kill -9 of the master in the moment in which a record appears in the log",
    run: killAtRecord,
  },
  {
    name: "crash-master",
    what: "POST /api/v1/crash/master",
    run: (scene) => crashCall("master", scene),
  },
  {
    name: "kill-master-and-heir",
    what: "kill -9 of the master together with the slave that would succeed it",
    run: async ({ strike, note }) => {
      const { master, slaves } = await cast();
      const doomed = [master, ...slaves.slice(0, 1)];
      note(`kill -9 ${called(...doomed)}`);
      strike("killed master");
      await kill(...doomed);
    },
  },
  {
    name: "kill-master-twice",
    what: "kill -9 of the master and, as soon as it leads, of its successor",
    run: async ({ strike, note, random }) => {
      const { master } = await cast();
      strike("killed master");
      await kill(master);
      const successor = await masterOtherThan(master);
      await sleep(random.between(0, 300));
      strike("killed master");
      await kill(successor);
      note(`kill -9 ${called(master)}, then ${called(successor)}`);
    },
  },
  {
    name: "kill-all-workers",
    what: "kill -9 of all workers at once",
    run: async ({ strike, note }) => {
      const all = await workers();
      note(`kill -9 ${called(...all)}`);
      strike();
      await kill(...all);
    },
  },
  {
    name: "terminate-master",
    what: "SIGTERM to the master",
    run: async ({ strike, note }) => {
      const { master } = await cast();
      strike("switchover");
      await terminate(master);
      note(`SIGTERM to ${called(master)}`);
    },
  },
  {
    name: "switchover",
    what: "POST /api/v1/master/switchover",
    run: async ({ strike, note }) => {
      strike("switchover");
      const { status, text } = await call("POST", "/api/v1/master/switchover");
      note(`switchover: ${status} ${text}`);
    },
  },
  {
    name: "kill-slave",
    what: "kill -9 of a slave",
    run: async (scene) => {
      const slave = await aSlave(scene);
      scene.note(`kill -9 ${called(slave)}`);
      scene.strike();
      await kill(slave);
    },
  },
  {
    name: "crash-slave",
    what: "POST /api/v1/crash/slave",
    run: (scene) => crashCall("slave", scene),
  },
  {
    name: "restart-worker",
    what: "a worker's container restarted by hand, so that it comes back with another pid before its session ended",
    run: async (scene) => {
      const worker = scene.random.pick((await cast()).all);
      scene.note(`docker restart ${called(worker)}, ${worker.state}`);
      scene.strike();
      await docker("restart", "--time", "0", worker.id);
    },
  },
  {
    name: "remove-worker",
    what: "a worker's container removed by hand",
    run: async (scene) => {
      const worker = scene.random.pick((await cast()).all);
      scene.note(`docker rm --force ${called(worker)}, ${worker.state}`);
      scene.strike();
      await docker("rm", "--force", worker.id);
    },
  },
  {
    name: "lose-slave-and-file",
    what: "a slave dies and its file is gone, so that its successor begins with nothing",
    needsRoot: true,
    run: async (scene) => {
      const slave = await aSlave(scene);
      const folder = await folderOf(slave);
      scene.note(`kill -9 ${called(slave)}, its files deleted`);
      scene.strike();
      await kill(slave);
      await host("sh", "-c", `rm -f "${databaseIn(folder)}"*`);
    },
  },
  {
    name: "out-of-memory",
    what: "a slave's container runs out of memory",
    run: async (scene) => {
      const slave = await aSlave(scene);
      const usage = await docker("stats", "--no-stream", "--format", "{{.MemUsage}}", slave.id);
      const mebibytes = Math.ceil(Number(/^([\d.]+)MiB/.exec(usage)?.[1] ?? 100)) + 10;
      await docker("update", "--memory", `${mebibytes}m`, "--memory-swap", `${mebibytes}m`, slave.id);
      scene.note(`${called(slave)} may use ${mebibytes} MiB from now on`);
      scene.strike();
      // A second process takes what is left; the kernel then ends the largest.
      const hog = "const held = []; for (;;) held.push(Buffer.alloc(2 ** 20, 1));";
      await docker("exec", slave.id, "node", "-e", hog).catch(() => undefined);
    },
  },
];
