// The three simulated hosts that are tortured, and what is being done to each of them.

import { cluster } from "../../cluster/settings.ts";
import { Hosts } from "../../hosts/hosts.ts";
import { Disturbances } from "./disturbances.ts";

export const hostNumbers = [1, 2, 3] as const;
export type HostNumber = (typeof hostNumbers)[number];

export const apiPort = 80;

export const hosts = new Hosts({
  name: `hosts-of-${cluster}`,
  network: "10.98.30",
  // As the hosts see it: each has its own folder for what `./dbaas` keeps.
  settings: { DBAAS_CLUSTER: cluster, DBAAS_MANIFESTS: "/dbaas/.dbaas/manifests" },
});

export const disturbances = new Disturbances(() => performance.now());

/** What asks that host's engine. */
export const engineOf =
  (host: HostNumber) =>
  (...command: readonly string[]): Promise<string> =>
    hosts.docker(host, ...command);

/** Hosts that have power, a link, and processes that run. */
export const reachable = (): readonly HostNumber[] =>
  hostNumbers.filter((host) => disturbances.isAway(host) === false);

/** Without power for as long as `meanwhile` takes. */
export const withoutPower = (host: HostNumber, meanwhile: () => Promise<unknown>): Promise<void> =>
  away(host, hosts.powerOff, hosts.boot, meanwhile);

/** Without power for good: after `meanwhile` another machine is in its place, with an empty disk and in no Swarm. */
export const goneForGood = (host: HostNumber, meanwhile: () => Promise<unknown>): Promise<void> =>
  away(
    host,
    hosts.powerOff,
    async (gone) => {
      await hosts.renew(gone);
      await hosts.boot(gone);
    },
    meanwhile,
  );

export const withoutLink = (host: HostNumber, meanwhile: () => Promise<unknown>): Promise<void> =>
  away(host, hosts.cutLink, hosts.joinLink, meanwhile);

/** Every process of it, its engine's included. */
export const frozen = (host: HostNumber, meanwhile: () => Promise<unknown>): Promise<void> =>
  away(host, hosts.freezeAll, hosts.thawAll, meanwhile);

type Change = (host: number) => Promise<unknown>;

async function away(
  host: HostNumber,
  begin: Change,
  end: Change,
  meanwhile: () => Promise<unknown>,
): Promise<void> {
  const over = disturbances.begin(host, "away");
  try {
    await begin(host);
    await meanwhile();
  } finally {
    await end(host);
    over();
  }
}
