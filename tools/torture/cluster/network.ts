// Cuts and spoils the network of single containers, by packet rules inside their own network namespace: what is cut stays
// silent, as a real partition does, and every other container goes on undisturbed.
import { docker } from "../../cluster/command.ts";
import { inNetworkOf } from "./host.ts";
import { pidOf } from "./power.ts";

export type Direction = "both" | "in" | "out";

interface Rule {
  readonly chain: "INPUT" | "OUTPUT";
  readonly match: readonly string[];
}

async function addressOf(container: string): Promise<string> {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
  const address = (await docker("inspect", "--format", format, container)).trim().split(" ")[0];
  if (address === undefined || address === "") throw new Error(`${container} has no address`);
  return address;
}

/** Nothing passes between the two for as long as `meanwhile` takes. */
export async function cut(
  container: string,
  peers: readonly string[],
  direction: Direction,
  meanwhile: () => Promise<unknown>,
): Promise<void> {
  const addresses = await Promise.all(peers.map(addressOf));
  const rules = addresses.flatMap((address): readonly Rule[] => [
    ...(direction === "out" ? [] : [{ chain: "INPUT" as const, match: ["--source", address] }]),
    ...(direction === "in" ? [] : [{ chain: "OUTPUT" as const, match: ["--destination", address] }]),
  ]);
  await dropping(container, rules, meanwhile);
}

/** Of everything that comes and goes, this share is lost. */
export async function lossy(
  container: string,
  share: number,
  meanwhile: () => Promise<unknown>,
): Promise<void> {
  const match = ["--match", "statistic", "--mode", "random", "--probability", String(share)];
  await dropping(
    container,
    [
      { chain: "INPUT", match },
      { chain: "OUTPUT", match },
    ],
    meanwhile,
  );
}

async function dropping(
  container: string,
  rules: readonly Rule[],
  meanwhile: () => Promise<unknown>,
): Promise<void> {
  const pid = await pidOf(container);
  const change = (how: "--append" | "--delete", { chain, match }: Rule): Promise<string> =>
    inNetworkOf(pid, "iptables", "--wait", how, chain, ...match, "--jump", "DROP");
  try {
    for (const rule of rules) await change("--append", rule);
    await meanwhile();
  } finally {
    // A container that died meanwhile took its network with it.
    for (const rule of rules) await change("--delete", rule).catch(() => undefined);
  }
}
