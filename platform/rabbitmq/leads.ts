// Whether one broker of several leads a stream, as its management interface tells it.

const answersWithinMs = 1_000;
const managementPort = 15_672;

/** @param broker its address, with who asks. @returns false when it does not, or does not answer */
export async function leadsStream(
  broker: { readonly host: string; readonly user: string; readonly password: string },
  stream: string,
): Promise<boolean> {
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
    const told = (await answer.json()) as { readonly leader?: unknown; readonly node?: unknown };
    // Before RabbitMQ 4 the leader of a stream is told as its node.
    return (told.leader ?? told.node) === `rabbit@${host}`;
  } catch {
    return false;
  }
}
