// Opens a connection to RabbitMQ: to the one broker there is, or to the first of several that answers. Several are one cluster, and
// what the programs declare there is replicated.
import { messageOf, TransientError } from "../../core/errors.ts";
import { type BrokerAddress, brokersIn, inOrder } from "./brokers.ts";
import { ClusterMemory } from "./cluster-memory.ts";
import type { BrokerCluster } from "./declarations.ts";
import type { OpenBroker } from "./port.ts";
import { Rabbit } from "./rabbit.ts";

/** A host that is away says nothing. When no broker answers within the first limit, a slow one gets a second chance. */
const connectWithinMs = [1_000, 4_000] as const;

/**
 * @param url `amqp://user:password@host:port[,host:port…]`
 * @param preferred the host of the broker that is tried first
 */
export function rabbitAt(
  url: string,
  { preferred }: { readonly preferred?: string | undefined } = {},
): OpenBroker {
  const brokers = brokersIn(url);
  const order = inOrder(brokers, preferred);
  const home = preferred === undefined ? undefined : order[0];
  if (brokers.length === 1) return (name) => Rabbit.open(url, name);
  return async (name) => {
    const memory = new ClusterMemory(
      brokers.map((one) => (withinMs) => Rabbit.open(one.url, name, { withinMs })),
    );
    const rabbit = await openFirst(order, name, (broker) => ({
      size: brokers.length,
      memory,
      awayFrom: home === undefined || broker === home ? undefined : brokers.indexOf(home),
    }));
    rabbit.ended.addEventListener("abort", () => memory.close(), { once: true });
    return rabbit;
  };
}

/** @throws TransientError when none of them answers in time */
async function openFirst(
  brokers: readonly BrokerAddress[],
  name: string,
  clusterOf: (broker: BrokerAddress) => BrokerCluster,
): Promise<Rabbit> {
  const problems = new Map<string, string>();
  for (const withinMs of connectWithinMs)
    for (const broker of brokers)
      try {
        return await Rabbit.open(broker.url, name, { withinMs, cluster: clusterOf(broker) });
      } catch (error) {
        problems.set(broker.name, messageOf(error));
      }
  const told = [...problems].map(([broker, problem]) => `${broker}: ${problem}`);
  throw new TransientError(`open a RabbitMQ connection: no broker answers (${told.join("; ")})`);
}
