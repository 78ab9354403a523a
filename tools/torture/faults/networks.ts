// Links that carry nothing, in both directions or in one, or lose a part of what they carry.
import { docker } from "../../cluster/command.ts";
import { cluster, containers } from "../../cluster/settings.ts";
import { cut, type Direction, lossy } from "../cluster/network.ts";
import type { GapKind } from "../report/gaps.ts";
import { aSlave, called, cast, type Fault, hold, type Scene } from "./fault.ts";

const peers = { rabbitmq: containers.rabbit, zookeeper: containers.zooKeeper } as const;
type Peer = keyof typeof peers;

interface Cut {
  readonly name: string;
  readonly who: "master" | "slave" | "orchestrator";
  readonly from: readonly Peer[];
  readonly direction?: Direction;
  readonly holdMs?: readonly [number, number];
  readonly kind?: GapKind;
}

const cuts: readonly Cut[] = [
  { name: "cut-master-from-zookeeper", who: "master", from: ["zookeeper"], kind: "hung master" },
  { name: "cut-master-from-rabbitmq", who: "master", from: ["rabbitmq"], kind: "hung master" },
  {
    name: "cut-master-off",
    who: "master",
    from: ["zookeeper", "rabbitmq"],
    kind: "hung master",
  },
  {
    name: "mute-master",
    who: "master",
    from: ["rabbitmq"],
    direction: "out",
    kind: "hung master",
  },
  {
    name: "deafen-master",
    who: "master",
    from: ["rabbitmq"],
    direction: "in",
    kind: "hung master",
  },
  {
    name: "deafen-master-to-zookeeper",
    who: "master",
    from: ["zookeeper"],
    direction: "in",
    kind: "hung master",
  },
  { name: "cut-slave-from-rabbitmq", who: "slave", from: ["rabbitmq"] },
  { name: "cut-slave-from-zookeeper", who: "slave", from: ["zookeeper"] },
  {
    name: "cut-api-from-rabbitmq",
    who: "orchestrator",
    from: ["rabbitmq"],
    holdMs: [1_000, 6_000],
  },
  { name: "cut-orchestrator-from-zookeeper", who: "orchestrator", from: ["zookeeper"] },
];

async function containerOf(who: Cut["who"], scene: Scene): Promise<string> {
  if (who === "orchestrator") return containers.orchestrator;
  const worker = who === "master" ? (await cast()).master : await aSlave(scene);
  scene.note(`cut off: ${called(worker)}`);
  return worker.containerName;
}

const faultOf = ({ name, who, from, direction = "both", holdMs = [5_500, 10_000], kind }: Cut): Fault => ({
  name,
  what: `the ${who === "orchestrator" ? "API and the controller are" : `${who} is`} cut off from ${from.join(" and ")}${direction === "both" ? "" : direction === "in" ? ", it hears nothing" : ", nothing of it is heard"}`,
  holdMs,
  needsRoot: true,
  run: async (scene) => {
    const container = await containerOf(who, scene);
    scene.strike(kind);
    await cut(
      container,
      from.map((peer) => peers[peer]),
      direction,
      () => hold(scene),
    );
  },
});

export const networks: readonly Fault[] = [
  ...cuts.map(faultOf),
  {
    name: "lossy-network",
    what: "a tenth of a worker's packets is lost",
    holdMs: [4_000, 10_000],
    needsRoot: true,
    run: async (scene) => {
      const worker = scene.random.pick((await cast()).all);
      scene.note(`packets lost: ${called(worker)}, ${worker.state}`);
      scene.strike();
      await lossy(worker.containerName, 0.1, () => hold(scene));
    },
  },
  {
    name: "unplug-worker",
    what: "a worker's container is disconnected from its network and connected again",
    holdMs: [1_000, 8_000],
    run: async (scene) => {
      const worker = scene.random.pick((await cast()).all);
      scene.note(`unplugged: ${called(worker)}, ${worker.state}`);
      scene.strike();
      await docker("network", "disconnect", "--force", `${cluster}-net`, worker.id);
      await hold(scene);
      // The controller may have replaced it.
      await docker("network", "connect", `${cluster}-net`, worker.id).catch(() => undefined);
    },
  },
];
