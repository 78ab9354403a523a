// PURE. Where the brokers are: one, or several of one cluster. Several are tried one after the other.
import { preferredFirst } from "../process/preferred.ts";

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

/** The preferred one first, see `preferredFirst`. @throws Error when it is none of them */
export function inOrder(
  brokers: readonly BrokerAddress[],
  preferred: string | undefined,
): readonly BrokerAddress[] {
  if (preferred === undefined) return brokers;
  const ordered = preferredFirst(brokers, ({ name }) => name, preferred);
  if (ordered === undefined)
    throw new Error(
      `the preferred broker ${preferred} is none of ${brokers.map(({ name }) => name).join(", ")}`,
    );
  return ordered;
}

export function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has("heartbeat")) parsed.searchParams.set("heartbeat", String(heartbeatSeconds));
  return parsed.toString();
}
