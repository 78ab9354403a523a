// Links that are there and slow.
import { type Fault, hold } from "../../faults/fault.ts";
import { disturbances, hostNumbers, hosts } from "../testbed.ts";
import { strikeHost, struckBy, type Target } from "./scene.ts";

const slowMs = { min: 20, max: 150 } as const;

async function requireNetem(): Promise<void> {
  if (!(await hosts.canSlow())) throw new Error("this kernel has no netem");
}

const slowHost = (name: string, target: Target): Fault => ({
  name: `slow-${name}`,
  what: `what goes to the host with ${target === "nothing that leads" ? target : `the ${target}`} is late`,
  holdMs: [5_000, 12_000],
  run: async (scene) => {
    await requireNetem();
    const struck = await struckBy(target, scene);
    const ms = scene.random.between(slowMs.min, slowMs.max);
    scene.note(`host ${struck.host}: ${ms} ms late`);
    const over = disturbances.begin(struck.host, "disturbed");
    await hosts.slow(struck.host, ms);
    try {
      strikeHost({ ...scene, strike: (_, lost) => scene.strike("other", lost) }, "slow link", struck);
      await hold(scene);
    } finally {
      await hosts.slow(struck.host, 0);
      over();
      scene.back();
    }
  },
});

export const slowLinks: readonly Fault[] = [
  slowHost("master-host", "master"),
  slowHost("stream-leader-host", "stream leader"),
  {
    name: "slow-all-hosts",
    what: "what goes to any host is late",
    holdMs: [5_000, 12_000],
    run: async (scene) => {
      await requireNetem();
      const ms = scene.random.between(slowMs.min, slowMs.max / 3);
      scene.note(`${ms} ms late`);
      const over = hostNumbers.map((host) => disturbances.begin(host, "disturbed"));
      scene.strike("other", ["slow link: all hosts"]);
      try {
        for (const host of hostNumbers) await hosts.slow(host, ms);
        await hold(scene);
      } finally {
        for (const host of hostNumbers) await hosts.slow(host, 0);
        for (const end of over) end();
        scene.back();
      }
    },
  },
];
