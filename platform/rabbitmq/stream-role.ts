// What one broker of several is to a stream, as its management interface tells it.
import type { ServerRole } from "../process/role.ts";

const answersWithinMs = 1_000;
const managementPort = 15_672;
const notFound = 404;

/** Before RabbitMQ 4 the leader of a stream is told as its node, and its replicas are not. */
interface StreamTold {
  readonly leader?: string;
  readonly node?: string;
  readonly members?: readonly string[];
  readonly online?: readonly string[];
}

/**
 * @param broker its address, with who asks
 * @returns `follows` also where nobody has made the stream yet, `waits` where other brokers have replicas of it and this one has none that runs
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
    if (answer.status === notFound) return "follows";
    return answer.ok ? roleTold(`rabbit@${host}`, (await answer.json()) as StreamTold) : "away";
  } catch {
    return "away";
  }
}

/** Exported for tests. */
export function roleTold(self: string, { leader, node, members, online }: StreamTold): ServerRole {
  if ((leader ?? node) === self) return "leads";
  const runs = members === undefined || (members.includes(self) && online?.includes(self) !== false);
  return runs ? "follows" : "waits";
}
