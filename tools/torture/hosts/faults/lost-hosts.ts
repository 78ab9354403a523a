// One host is lost: without power, without its link, or with all its processes frozen. Each for the host of everything that leads,
// and for the one where the least does.
import { type Fault, hold, type Scene } from "../../faults/fault.ts";
import { frozen, type HostNumber, withoutLink, withoutPower } from "../testbed.ts";
import { strikeHost, struckBy, type Target } from "./scene.ts";

const targets: Readonly<Record<string, Target>> = {
  "master-host": "master",
  "stream-leader-host": "stream leader",
  "zookeeper-leader-host": "ZooKeeper leader",
  "controller-host": "acting controller",
  "swarm-leader-host": "Swarm leader",
  bystander: "nothing that leads",
};

interface Loss {
  readonly name: string;
  readonly what: string;
  readonly counted: string;
  readonly holdMs: readonly [min: number, max: number];
  readonly lose: (host: HostNumber, meanwhile: () => Promise<unknown>) => Promise<void>;
}

const losses: readonly Loss[] = [
  {
    name: "power-cut",
    what: "loses its power",
    counted: "host without power",
    holdMs: [8_000, 15_000],
    lose: withoutPower,
  },
  {
    name: "cut-off",
    what: "is cut off from all others",
    counted: "host cut off",
    holdMs: [8_000, 15_000],
    lose: withoutLink,
  },
  { name: "freeze", what: "stands still", counted: "host frozen", holdMs: [4_000, 12_000], lose: frozen },
];

const healsWithinMs = 120_000;

async function lose(scene: Scene, target: Target, { counted, lose: away }: Loss): Promise<void> {
  const struck = await struckBy(target, scene);
  scene.note(`host ${struck.host}`);
  strikeHost(scene, counted, struck);
  await away(struck.host, () => hold(scene));
  scene.back();
}

export const lostHosts: readonly Fault[] = losses.flatMap((loss) =>
  Object.entries(targets).map(
    ([name, target]): Fault => ({
      name: `${loss.name}-${name}`,
      what: `the host with ${target === "nothing that leads" ? target : `the ${target}`} ${loss.what}`,
      holdMs: loss.holdMs,
      healsWithinMs,
      run: (scene) => lose(scene, target, loss),
    }),
  ),
);
