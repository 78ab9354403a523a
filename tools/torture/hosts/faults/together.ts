// Everything that leads is brought to one host, and that one is lost.
import { setTimeout as sleep } from "node:timers/promises";
import { call } from "../../../cluster/http.ts";
import { type Fault, hold, type Scene } from "../../faults/fault.ts";
import { apis } from "../apis.ts";
import { leadersNow } from "../leaders.ts";
import { type Part, partOn } from "../parts.ts";
import { inWords, type Leaders, type Role, roles, rolesOf } from "../roles.ts";
import { partServes } from "../serves.ts";
import { frozen, type HostNumber, hostNumbers, hosts, withoutLink, withoutPower } from "../testbed.ts";
import { strikeHost } from "./scene.ts";

const comesBackMs = 60_000;
const movesMax = 12;
const electedMs = 4_000;

/** Nothing here can be told where to go: what leads elsewhere is ended there until it leads where it is wanted. */
const moves: Readonly<Record<Exclude<Role, "Swarm leader">, (from: HostNumber) => Promise<unknown>>> = {
  master: () => call("POST", "/api/v1/master/switchover", { port: apis.somePort() }),
  "stream leader": (from) => stopped(from, "rabbitmq"),
  "ZooKeeper leader": (from) => stopped(from, "zookeeper"),
  "acting controller": (from) => stopped(from, "orchestrator"),
};

async function stopped(host: HostNumber, part: Part): Promise<void> {
  await hosts.docker(host, "stop", await partOn(host, part));
  await sleep(electedMs);
  await partServes(host, part, comesBackMs);
}

/** To the host of the leading manager, for that one is the hardest to move. */
async function gathered({ note }: Scene): Promise<{ host: HostNumber; leaders: Leaders }> {
  for (let moved = 0; ; moved++) {
    const leaders = await leadersNow();
    const host = hostNumbers.find((one) => one === leaders["Swarm leader"]);
    if (host === undefined) throw new Error("the leading manager is not known");
    const elsewhere = roles.find((role) => leaders[role] !== host);
    if (elsewhere === undefined || elsewhere === "Swarm leader" || moved === movesMax) {
      note(`${rolesOf(host, leaders).length} of ${roles.length} lead on host ${host}: ${inWords(leaders)}`);
      return { host, leaders };
    }
    const from = hostNumbers.find((one) => one === leaders[elsewhere]);
    if (from === undefined) await sleep(electedMs);
    else await moves[elsewhere](from);
  }
}

const healsWithinMs = 120_000;

const together = (
  name: string,
  what: string,
  counted: string,
  lose: (host: HostNumber, meanwhile: () => Promise<unknown>) => Promise<void>,
): Fault => ({
  name,
  what: `the host on which everything leads ${what}`,
  holdMs: [8_000, 15_000],
  healsWithinMs,
  run: async (scene) => {
    const struck = await gathered(scene);
    strikeHost(scene, counted, struck);
    await lose(struck.host, () => hold(scene));
    scene.back();
  },
});

export const allTogether: readonly Fault[] = [
  together("power-cut-everything", "loses its power", "host without power", withoutPower),
  together("cut-off-everything", "is cut off from all others", "host cut off", withoutLink),
  together("freeze-everything", "stands still", "host frozen", frozen),
];
