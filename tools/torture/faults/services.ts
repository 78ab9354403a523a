// RabbitMQ, ZooKeeper, the API and the controller are restarted, killed or kept away.
import { setTimeout as sleep } from "node:timers/promises";
import { queues } from "../../../core/messages/queues.ts";
import { dbaas, docker } from "../../cluster/command.ts";
import { signal } from "../../cluster/orchestrator.ts";
import { cluster, containers } from "../../cluster/settings.ts";
import { workers } from "../../cluster/workers.ts";
import { rabbitmqctl } from "../cluster/broker.ts";
import { inMountsOf } from "../cluster/host.ts";
import { kill, pidOf } from "../cluster/power.ts";
import { paths, zooKeeper } from "../cluster/zookeeper.ts";
import { aSlave, called, cast, type Fault, hold, type Scene } from "./fault.ts";

const slowlyMs = 120_000;

const restarted =
  (container: string) =>
  async ({ strike }: Scene): Promise<void> => {
    strike();
    await docker("restart", container);
  };

const killed =
  (container: string) =>
  async ({ strike }: Scene): Promise<void> => {
    strike();
    await docker("kill", container);
    await docker("start", container);
  };

const away = (container: string) => async (scene: Scene) => {
  scene.strike();
  await docker("stop", container);
  await hold(scene);
  await docker("start", container);
};

export const services: readonly Fault[] = [
  {
    name: "restart-rabbitmq",
    what: "RabbitMQ is restarted",
    run: restarted(containers.rabbit),
  },
  { name: "kill-rabbitmq", what: "RabbitMQ is killed", run: killed(containers.rabbit) },
  {
    name: "rabbitmq-away",
    what: "RabbitMQ is away",
    holdMs: [10_000, 30_000],
    run: away(containers.rabbit),
  },
  {
    name: "rabbitmq-alarm",
    what: "RabbitMQ runs short of disk, or says so, and takes no more messages",
    holdMs: [2_000, 10_000],
    run: async (scene) => {
      scene.strike();
      await rabbitmqctl("set_disk_free_limit", "100000GB");
      await hold(scene);
      await rabbitmqctl("set_disk_free_limit", "50MB");
    },
  },
  {
    name: "delete-queue",
    what: "an operator deletes readQ, writeQ or responseQ",
    run: async ({ random, strike, note }) => {
      const queue = random.pick([queues.read, queues.write, queues.response]);
      note(`deleting ${queue}`);
      strike();
      await rabbitmqctl("delete_queue", queue);
    },
  },
  {
    name: "purge-queue",
    what: "an operator purges readQ and writeQ",
    run: async ({ strike }) => {
      strike();
      await rabbitmqctl("purge_queue", queues.write);
      await rabbitmqctl("purge_queue", queues.read);
    },
  },
  {
    name: "delete-log",
    what: "an operator deletes syncQ, the whole log",
    healsWithinMs: slowlyMs,
    run: async ({ strike }) => {
      strike();
      await rabbitmqctl("delete_queue", queues.sync);
    },
  },
  {
    name: "restart-zookeeper",
    what: "ZooKeeper is restarted",
    run: restarted(containers.zooKeeper),
  },
  { name: "kill-zookeeper", what: "ZooKeeper is killed", run: killed(containers.zooKeeper) },
  {
    name: "zookeeper-away",
    what: "ZooKeeper is away for longer than the sessions last",
    holdMs: [7_000, 15_000],
    healsWithinMs: slowlyMs,
    run: away(containers.zooKeeper),
  },
  {
    name: "forget-worker",
    what: "a slave's znode disappears, as if its session had expired",
    run: async (scene) => {
      const slave = await aSlave(scene);
      scene.note(`forgotten: ${called(slave)}`);
      scene.strike();
      await (await zooKeeper()).remove(paths.worker(slave.name));
    },
  },
  {
    name: "forget-master",
    what: "the master's znode disappears, as if its session had expired: it leads on, unknowing, beside its successor",
    run: async (scene) => {
      const { master } = await cast();
      scene.note(`forgotten: ${called(master)}`);
      scene.strike();
      await (await zooKeeper()).remove(paths.master);
    },
  },
  {
    name: "kill-api",
    what: "the API's process is killed",
    run: async ({ strike }) => {
      strike();
      await signal("api", "KILL");
    },
  },
  {
    name: "kill-controller",
    what: "the controller's process is killed, and the master at nearly the same time",
    run: async ({ strike, random, note }) => {
      const { master } = await cast();
      const delayMs = random.between(0, 250);
      note(`kill -9 ${called(master)}, and the controller about ${delayMs} ms later`);
      strike();
      await kill(master);
      await sleep(delayMs);
      await signal("controller", "KILL");
    },
  },
  {
    name: "restart-orchestrator",
    what: "the orchestrator is restarted",
    run: restarted(containers.orchestrator),
  },
  {
    name: "second-controller",
    what: "a second controller is started by mistake, and a worker dies while both are there",
    holdMs: [2_000, 5_000],
    run: async (scene) => {
      const slave = await aSlave(scene);
      const running = docker(
        "exec",
        containers.orchestrator,
        "timeout",
        "--signal=KILL",
        String(Math.ceil(scene.holdMs / 1000) + 1),
        "node",
        "controller/main.ts",
      ).catch(() => undefined);
      await sleep(1_000);
      scene.note(`kill -9 ${called(slave)} under two controllers`);
      scene.strike();
      await kill(slave);
      await running;
    },
  },
  {
    name: "controller-failpoints",
    what: "the controller dies at chosen points in the middle of its actions, while the master dies as well",
    healsWithinMs: slowlyMs,
    run: async ({ strike, random, note }) => {
      const points = random.shuffled(failpoints).slice(0, 3);
      note(`armed: ${points.join(", ")}`);
      process.env.DBAAS_FAILPOINT = points.join(",");
      await dbaas("up");
      const { master } = await cast();
      strike();
      await kill(master);
      await sleep(3_000);
      process.env.DBAAS_FAILPOINT = "";
      await dbaas("up");
    },
  },
  {
    name: "cut-controller-from-docker",
    what: "the controller cannot reach the Docker engine, and a slave dies meanwhile",
    holdMs: [2_000, 6_000],
    needsRoot: true,
    run: async (scene) => {
      const slave = await aSlave(scene);
      const pid = await pidOf(containers.orchestrator);
      const socket = "/var/run/docker.sock";
      await inMountsOf(pid, "mount", "--bind", "/dev/null", socket);
      try {
        scene.note(`kill -9 ${called(slave)} without the engine`);
        scene.strike();
        await kill(slave);
        await hold(scene);
      } finally {
        // Mounts are known by their real path.
        await inMountsOf(pid, "sh", "-c", `umount "$(readlink -f ${socket})"`);
      }
    },
  },
  {
    name: "kill-everything",
    what: "every container of the cluster is killed at once, and the three permanent ones are started again",
    healsWithinMs: slowlyMs,
    run: async ({ strike }) => {
      const permanent = [containers.orchestrator, containers.rabbit, containers.zooKeeper];
      const all = (await workers()).map(({ id }) => id);
      strike();
      await docker("kill", ...permanent, ...all);
      await docker("start", containers.zooKeeper, containers.rabbit, containers.orchestrator);
    },
  },
  {
    name: "down-and-up",
    what: "./dbaas down and ./dbaas up",
    healsWithinMs: slowlyMs,
    run: async ({ strike, note }) => {
      strike();
      await dbaas("down");
      note("down; coming up again");
      await dbaas("up");
    },
  },
  {
    name: "foreign-container",
    what: "a container that bears the cluster's label, but is not the cluster's, while a slave dies",
    holdMs: [1_000, 3_000],
    run: async (scene) => {
      const slave = await aSlave(scene);
      const image = (await docker("inspect", "--format", "{{.Config.Image}}", slave.id)).trim();
      const name = `${cluster}-foreigner`;
      await docker(
        "run",
        "--detach",
        "--name",
        name,
        "--label",
        `dbaas.cluster=${cluster}`,
        image,
        "sleep",
        "60",
      );
      try {
        scene.strike();
        await kill(slave);
        await hold(scene);
        const state = (await docker("inspect", "--format", "{{.State.Running}}", name)).trim();
        scene.note(`the foreign container ${state === "true" ? "is left alone" : "WAS ENDED"}`);
        if (state !== "true") throw new Error("a foreign container was ended");
      } finally {
        await docker("rm", "--force", name);
      }
    },
  },
];

const failpoints = [
  "after-create",
  "after-start",
  "after-startWorker",
  "after-forgetMaster",
  "before-removeContainer",
  "after-removeContainer",
] as const;
