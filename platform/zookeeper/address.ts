// Where ZooKeeper is, and as whom to go there.
import { lookup } from "node:dns/promises";
import { TransientError } from "../../core/errors.ts";
import { within } from "../process/waiting.ts";

export interface ZooKeeperAddress {
  /** `host:port[,host:port…]` */
  readonly hosts: string;
  /** `user:password` */
  readonly credentials: string | undefined;
}

/** @param servers `[user:password@]host:port[,host:port…]` */
export function addressIn(servers: string): ZooKeeperAddress {
  const at = servers.lastIndexOf("@");
  return at < 0
    ? { hosts: servers, credentials: undefined }
    : { hosts: servers.slice(at + 1), credentials: servers.slice(0, at) };
}

/**
 * A server that is down may have no name either. At such a name the native client gives up for ever without telling anybody;
 * asked for it before, it is a failure like others, and the next attempt finds what has come back.
 *
 * @throws TransientError when none of the hosts has an address
 */
export async function requireAddress({ hosts }: ZooKeeperAddress, withinMs: number): Promise<void> {
  const names = hosts.split(",").map((host) => host.replace(/:\d+(\/.*)?$/, "").replace(/^\[(.*)\]$/, "$1"));
  try {
    await within(Promise.any(names.map((name) => lookup(name))), withinMs, "ask for the address");
  } catch (cause) {
    throw new TransientError(`find ZooKeeper's address, ${names.join(", ")}`, { cause });
  }
}
