// The parts of the stack on one host: its broker, its ZooKeeper server, its orchestrator. Each is killed, frozen and stopped, where
// it leads and where it does not; and all of a kind one after the other.
import { frozen } from "../../cluster/power.ts";
import { type Fault, hold, type Scene } from "../../faults/fault.ts";
import { type Part, partOn } from "../parts.ts";
import { rolesOf } from "../roles.ts";
import { partServes } from "../serves.ts";
import { disturbances, engineOf, type HostNumber, hostNumbers, hosts } from "../testbed.ts";
import { type Struck, struckBy, type Target } from "./scene.ts";

interface Leading {
  readonly part: Part;
  readonly name: string;
  readonly target: Target;
}

const parts: readonly Leading[] = [
  { part: "rabbitmq", name: "stream-leader", target: "stream leader" },
  { part: "rabbitmq", name: "broker", target: "nothing that leads" },
  { part: "zookeeper", name: "zookeeper-leader", target: "ZooKeeper leader" },
  { part: "zookeeper", name: "zookeeper-server", target: "nothing that leads" },
  { part: "orchestrator", name: "acting-controller", target: "acting controller" },
  { part: "orchestrator", name: "orchestrator", target: "nothing that leads" },
];

interface Way {
  readonly name: string;
  readonly what: string;
  readonly counted: string;
  readonly holdMs?: readonly [min: number, max: number];
  readonly strike: (host: HostNumber, container: string, scene: Scene) => Promise<void>;
}

/** Swarm starts another container after a second. */
const ways: readonly Way[] = [
  {
    name: "kill",
    what: "is killed",
    counted: "killed",
    strike: async (host, container) =>
      process.kill(await hosts.pidOf(host, container), "SIGKILL") && undefined,
  },
  {
    name: "restart",
    what: "is stopped in order and comes back",
    counted: "stopped",
    strike: async (host, container) => void (await hosts.docker(host, "stop", container)),
  },
  {
    name: "freeze",
    what: "stands still",
    counted: "frozen",
    holdMs: [4_000, 12_000],
    strike: async (host, container, scene) => {
      await frozen(container, () => hold(scene), engineOf(host));
    },
  },
];

const healsWithinMs = 120_000;
const comesBackMs = 60_000;

/** What of the host's roles goes with this part alone. */
function lostWithPart({ counted }: Way, { part }: Leading, { host, leaders }: Struck): readonly string[] {
  const own = {
    rabbitmq: "stream leader",
    zookeeper: "ZooKeeper leader",
    orchestrator: "acting controller",
  } as const;
  const leads = rolesOf(host, leaders).includes(own[part]);
  return [`${part} ${counted}: ${leads ? own[part] : "one that does not lead"}`];
}

async function strikePart(scene: Scene, leading: Leading, way: Way): Promise<void> {
  const struck = await struckBy(leading.target, scene);
  const container = await partOn(struck.host, leading.part);
  scene.note(`the ${leading.part} of host ${struck.host} ${way.what}`);
  const over = disturbances.begin(struck.host, "disturbed");
  try {
    scene.strike("other", lostWithPart(way, leading, struck));
    await way.strike(struck.host, container, scene);
    await partServes(struck.host, leading.part, comesBackMs);
    scene.back();
  } finally {
    over();
  }
}

/** As a rollout does it: the next one when the one before is there again. */
async function oneAfterAnother(scene: Scene, part: Part): Promise<void> {
  for (const host of scene.random.shuffled(hostNumbers)) {
    const over = disturbances.begin(host, "disturbed");
    try {
      scene.strike("other", [`${part} stopped: each after the other`]);
      await hosts.docker(host, "stop", await partOn(host, part));
      await partServes(host, part, comesBackMs);
    } finally {
      over();
    }
  }
}

export const partsOfHosts: readonly Fault[] = [
  ...parts.flatMap((leading) =>
    ways.map(
      (way): Fault => ({
        name: `${way.name}-${leading.name}`,
        what: `the ${leading.part} of the host with ${leading.target === "nothing that leads" ? leading.target : `the ${leading.target}`} ${way.what}`,
        ...(way.holdMs === undefined ? {} : { holdMs: way.holdMs }),
        healsWithinMs,
        run: (scene) => strikePart(scene, leading, way),
      }),
    ),
  ),
  ...(["rabbitmq", "zookeeper", "orchestrator"] as const).map(
    (part): Fault => ({
      name: `roll-${part}`,
      what: `the ${part} of every host is restarted, one after the other`,
      healsWithinMs,
      run: (scene) => oneAfterAnother(scene, part),
    }),
  ),
];
