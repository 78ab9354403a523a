// What keeps an ensemble from serving, in words, for whoever gets no session.
import { majorityOf } from "../../core/rules/majority.ts";
import type { ServerRole } from "../process/role.ts";
import { addressIn } from "./address.ts";
import { serverRole } from "./server-role.ts";

const words = { waits: "waits for others", away: "does not answer" } as const satisfies Partial<
  Record<ServerRole, string>
>;

/**
 * Asks each of them, for at most a second.
 * @param servers as for `addressIn`
 * @returns `zookeeper-1 waits for others, zookeeper-2 does not answer; 2 of 3 are needed`; null of a single one, or where a majority serves
 */
export async function lackOfMajority(servers: string): Promise<string | null> {
  const all = addressIn(servers).hosts.split(",");
  if (all.length === 1) return null;
  const roles = await Promise.all(all.map(async (server) => ({ server, role: await serverRole(server) })));
  const lacking = roles.flatMap(({ server, role }) =>
    role === "waits" || role === "away" ? [`${server.replace(/:\d+$/, "")} ${words[role]}`] : [],
  );
  const needed = majorityOf(all.length);
  return all.length - lacking.length >= needed
    ? null
    : `${lacking.join(", ")}; ${needed} of ${all.length} are needed`;
}
