// PURE. Where the brokers are: one, or several of one cluster. Several are tried one after the other.

const heartbeatSeconds = 5;

export interface BrokerAddress {
  /** `host:port`, or the host alone where the port is the usual one. */
  readonly name: string;
  readonly url: string;
}

/**
 * @param url `amqp://[user:password@]host[:port][,host[:port]…][/vhost][?options]`
 * @throws Error when it is not of this form
 */
export function brokersIn(url: string): readonly BrokerAddress[] {
  const [, scheme, login = "", hosts, rest = ""] = /^(amqps?:\/\/)(.*@)?([^/?#@]+)(.*)$/.exec(url) ?? [];
  if (scheme === undefined || hosts === undefined)
    throw new Error("the address of RabbitMQ is not of the form amqp://user:password@host:port,host:port");
  return hosts.split(",").map((name) => ({ name, url: `${scheme}${login}${name}${rest}` }));
}

/**
 * The preferred one first, then those that follow it in the list, around its end: the programs of a host that lost its broker go
 * to the next one, those of another host to another.
 * @param preferred a host, with or without its port
 * @throws Error when it is none of them
 */
export function inOrder(
  brokers: readonly BrokerAddress[],
  preferred: string | undefined,
): readonly BrokerAddress[] {
  if (preferred === undefined) return brokers;
  const first = brokers.findIndex(({ name }) => name === preferred || name.startsWith(`${preferred}:`));
  if (first < 0)
    throw new Error(
      `the preferred broker ${preferred} is none of ${brokers.map(({ name }) => name).join(", ")}`,
    );
  return [...brokers.slice(first), ...brokers.slice(0, first)];
}

export function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has("heartbeat")) parsed.searchParams.set("heartbeat", String(heartbeatSeconds));
  return parsed.toString();
}
