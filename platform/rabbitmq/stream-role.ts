// What one broker of several is to a stream, as its management interface tells it.
import type { ServerRole } from "../process/role.ts";

/** While another broker is lost, this one tries to reach it before it answers. */
const answersWithinMs = 4_000;
const managementPort = 15_672;
const notFound = 404;

/** Before RabbitMQ 4 the leader of a stream is told as its node, and who has a replica is not. */
interface StreamTold {
  readonly leader?: string;
  readonly node?: string;
  readonly members?: readonly string[];
}

/**
 * @param broker its address, with who asks
 * @returns `waits` where it does not know the stream, for instance because it is in no cluster with the others, or has no replica of it
 */
export async function streamRole(
  broker: { readonly host: string; readonly user: string; readonly password: string },
  stream: string,
): Promise<ServerRole> {
  const { host, user, password } = broker;
  const credentials = Buffer.from(`${user}:${password}`).toString("base64");
  try {
    const answer = await fetch(
      `http://${host}:${managementPort}/api/queues/%2F/${encodeURIComponent(stream)}`,
      {
        headers: { authorization: `Basic ${credentials}` },
        signal: AbortSignal.timeout(answersWithinMs),
      },
    );
    if (answer.status === notFound) return "waits";
    return answer.ok ? roleTold(`rabbit@${host}`, (await answer.json()) as StreamTold) : "away";
  } catch {
    return "away";
  }
}

/** Exported for tests. */
export function roleTold(self: string, { leader, node, members }: StreamTold): ServerRole {
  if ((leader ?? node) === self) return "leads";
  return members === undefined || members.includes(self) ? "follows" : "waits";
}
