// The front door of the tests' cluster, closed and opened again by its manifest, with a token for each role.
import { createHash, randomBytes } from "node:crypto";
import { type Role, roles } from "../../core/access.ts";
import { call } from "../../tools/cluster/http.ts";
import { applyManifest, baselineManifest, withFields } from "../../tools/cluster/manifest.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";

export const tokens = Object.fromEntries(
  roles.map((role) => [role, `dbaas_${randomBytes(32).toString("hex")}`]),
) as Readonly<Record<Role, string>>;

export const asRole = (role: Role) => ({ headers: { authorization: `Bearer ${tokens[role]}` } });

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const withinMs = 30_000;

const statusOfStranger = async (): Promise<number> => (await call("GET", "/api/v1/worker/list")).status;

export interface RequestLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/** The manifest with the door closed, and with a limit where one is given. */
export async function closeDoor(limit?: RequestLimit): Promise<void> {
  const { perSecond = 0, burst = 0 } = limit ?? {};
  const list = roles
    .map((role) => `\n      - { name: the-${role}, role: ${role}, sha256: "${sha256(tokens[role])}" }`)
    .join("");
  const closed = (await baselineManifest()).replace(/^ {4}tokens: \[\]/m, `    tokens:${list}`);
  await applyManifest(withFields(closed, { requestsPerSecond: String(perSecond), burst: String(burst) }));
  // Whoever has no token is counted by the address: what is used up here is taken from no token.
  const wanted = limit === undefined ? 401 : 429;
  await until("the API goes by it", withinMs, async () => {
    const statuses = await Promise.all(Array.from({ length: burst + 1 }, statusOfStranger));
    return statuses.includes(wanted) ? found(true) : notYet(statuses);
  });
}

export async function openDoor(): Promise<void> {
  await applyManifest(await baselineManifest());
  await until("the API goes by it", withinMs, async () => {
    const status = await statusOfStranger();
    return status === 200 ? found(true) : notYet(status);
  });
}
