// Links that are there and slow: late by netem, where the kernel has it, or narrow.
import { type Fault, hold, type Scene } from "../../faults/fault.ts";
import { disturbances, type HostNumber, hostNumbers, hosts } from "../testbed.ts";
import { strikeHost, struckBy, type Target } from "./scene.ts";

interface Way {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  readonly amounts: readonly [min: number, max: number];
  readonly set: (host: HostNumber, amount: number) => Promise<unknown>;
}

const late: Way = {
  name: "slow",
  what: "is late",
  unit: "ms late",
  amounts: [20, 150],
  set: async (host, ms) => {
    if (!(await hosts.canSlow())) throw new Error("this kernel has no netem");
    await hosts.slow(host, ms);
  },
};

const narrow: Way = {
  name: "narrow",
  what: "goes through a narrow link",
  unit: "kbit/s",
  amounts: [500, 3_000],
  set: (host, kilobitPerSecond) => hosts.narrow(host, kilobitPerSecond),
};

async function slowed(scene: Scene, { unit, amounts, set }: Way, some: readonly HostNumber[]): Promise<void> {
  const amount = scene.random.between(...amounts);
  scene.note(`${amount} ${unit} to ${some.map((host) => `host ${host}`).join(", ")}`);
  const over = some.map((host) => disturbances.begin(host, "disturbed"));
  try {
    for (const host of some) await set(host, amount);
    await hold(scene);
  } finally {
    for (const host of some) await set(host, 0).catch(() => undefined);
    for (const end of over) end();
    scene.back();
  }
}

const ofHost = (way: Way, name: string, target: Target): Fault => ({
  name: `${way.name}-${name}`,
  what: `what goes to the host with ${target === "nothing that leads" ? target : `the ${target}`} ${way.what}`,
  holdMs: [5_000, 12_000],
  run: async (scene) => {
    const struck = await struckBy(target, scene);
    // Its master is neither killed nor hung.
    const strike: Scene["strike"] = (_, lost) => scene.strike("other", lost);
    strikeHost({ ...scene, strike }, `${way.name} link`, struck);
    await slowed(scene, way, [struck.host]);
  },
});

export const slowLinks: readonly Fault[] = [late, narrow].flatMap((way) => [
  ofHost(way, "master-host", "master"),
  ofHost(way, "stream-leader-host", "stream leader"),
  {
    name: `${way.name}-all-hosts`,
    what: `what goes to any host ${way.what}`,
    holdMs: [5_000, 12_000],
    run: async (scene: Scene) => {
      scene.strike("other", [`${way.name} link: all hosts`]);
      await slowed(scene, way, hostNumbers);
    },
  },
]);
