// Two hosts lose each other, and both hear the third: each has a majority with it, and they do not agree on which one it is.
import { type Fault, hold, type Scene } from "../../faults/fault.ts";
import { disturbances, hostNumbers, hosts } from "../testbed.ts";
import { struckBy, type Target } from "./scene.ts";

async function part(scene: Scene, target: Target): Promise<void> {
  const { host } = await struckBy(target, scene);
  const other = scene.random.pick(hostNumbers.filter((one) => one !== host));
  scene.note(`hosts ${host} and ${other} do not hear each other`);
  const over = [host, other].map((one) => disturbances.begin(one, "disturbed"));
  scene.strike("other", [`two hosts do not hear each other: ${target} on one of them`]);
  try {
    await hosts.part(host, other);
    await hold(scene);
  } finally {
    await hosts.rejoin(host, other);
    for (const end of over) end();
    scene.back();
  }
}

const parted = (name: string, target: Target): Fault => ({
  name: `part-${name}`,
  what: `the host with ${target === "nothing that leads" ? target : `the ${target}`} and another one do not hear each other`,
  holdMs: [8_000, 15_000],
  healsWithinMs: 120_000,
  run: (scene) => part(scene, target),
});

export const partedHosts: readonly Fault[] = [
  parted("master-host", "master"),
  parted("stream-leader-host", "stream leader"),
  parted("zookeeper-leader-host", "ZooKeeper leader"),
];
