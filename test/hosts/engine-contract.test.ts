// What every engine promises, held by a Swarm of three simulated hosts. The notes that the hosts' controllers and the workers would
// keep in ZooKeeper are kept here.
import { describe } from "node:test";
import { DockerApi } from "../../controller/engines/docker/docker-api.ts";
import { SwarmHostReporter } from "../../controller/engines/swarm/host-reporter.ts";
import { OwnParts } from "../../controller/engines/swarm/own-parts.ts";
import { swarmOpener } from "../../controller/engines/swarm/swarm-opener.ts";
import { containerName } from "../../controller/names.ts";
import type { HostNotes } from "../../controller/ports.ts";
import { systemClock } from "../../platform/process/clock.ts";
import { Hosts } from "../../tools/hosts/hosts.ts";
import { makeSwarm } from "../../tools/hosts/swarm.ts";
import { whyNoHosts } from "../../tools/hosts/whether.ts";
import { engineContract, hasCommand } from "../contract/engine-contract.ts";

const skip = whyNoHosts() ?? false;
const hosts = new Hosts({ name: "dbaas-engine", network: "10.98.40" });
const numbers = [1, 2, 3];
const cluster = "contract";
const image = process.env.DBAAS_IMAGE ?? "mini-dbaas:latest";
const network = `${cluster}-net`;
const hostName = (number: number): string => `host-${number}`;
const numberOf = (host: string): number => Number(/\d+$/.exec(host)?.[0]);

async function open() {
  await hosts.prepare();
  await hosts.down();
  await hosts.up(numbers.length);
  await makeSwarm(hosts, numbers.length);
  for (const number of numbers)
    await hosts.docker(1, "node", "update", "--label-add", `dbaas=${number}`, hostName(number));
  await hosts.docker(1, "network", "create", "--driver", "overlay", "--attachable", network);
  const apis = await Promise.all(
    numbers.map(async (number) => new DockerApi(await hosts.engineSocket(number))),
  );
  const local = apis.map(
    (api, i) =>
      new SwarmHostReporter({
        api,
        name: hostName(i + 1),
        cluster,
        image,
        parts: new OwnParts({}, systemClock),
      }),
  );
  const notes: HostNotes = {
    hosts: async () => {
      const told = await Promise.all(local.map(async (one) => one.look(await one.ended())));
      return new Map(told.map((note) => [note.host, note]));
    },
    tellSignal: async ({ id, host }, signal) =>
      void (await hosts.docker(numberOf(host), "kill", "--signal", signal, id)),
  };
  const [api] = apis;
  if (api === undefined) throw new Error("no host");
  return { opener: swarmOpener({ api, cluster, self: hostName(1), clock: systemClock }), notes };
}

describe("a Swarm", { skip }, () => {
  engineContract("Docker Swarm", {
    cluster,
    image,
    network,
    command: ["sh", "-c", "echo begun; exec sleep 600"],
    words: "begun",
    open,
    crash: async ({ id, host }) => void (await hosts.docker(numberOf(host), "kill", id)),
    hasBegun: async ({ id, host }) => hasCommand(await hosts.docker(numberOf(host), "top", id)),
    removeVolume: async (worker, host) => {
      const name = containerName(cluster, worker);
      // Swarm keeps containers that have ended for a while.
      const ended = await hosts.docker(
        numberOf(host),
        "ps",
        "--all",
        "--quiet",
        "--filter",
        `volume=${name}`,
      );
      for (const id of ended.split("\n").filter((line) => line !== ""))
        await hosts.docker(numberOf(host), "rm", "--force", id);
      await hosts.docker(numberOf(host), "volume", "rm", name);
    },
    mayBeGone: true,
    close: () => hosts.down(),
  });
});
