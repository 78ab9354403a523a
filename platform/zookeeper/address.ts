// Where ZooKeeper is, and as whom to go there.
import { lookup } from "node:dns/promises";
import { TransientError } from "../../core/errors.ts";
import { sleep, within } from "../process/waiting.ts";

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

/** A name that is known at all is told in milliseconds. One that nobody answers for takes the system seconds. */
const othersWithinMs = 300;
const lookAgainMs = 1_000;

/**
 * For the native client, which would look up names in the event loop: the program would stand still for as long as nobody answers for the
 * name of a host that is lost.
 * @returns `address:port[,address:port…]` of the hosts that have any, without those that are told later than the first by 300 ms
 * @throws TransientError when none of the hosts has one in time
 */
export async function addressesOf({ hosts }: ZooKeeperAddress, withinMs: number): Promise<string> {
  const [, servers = hosts, root = ""] = /^([^/]*)(\/.*)?$/.exec(hosts) ?? [];
  const found: string[] = [];
  const over = new AbortController();
  const asked = servers.split(",").map(async (server) => {
    const [, name = server, port = ""] = /^\[?(.*?)\]?(:\d+)?$/.exec(server) ?? [];
    for (const { address } of await lookup(name, { all: true })) found.push(`${address}${port}`);
  });
  try {
    await within(Promise.any(asked), withinMs, "ask for the address");
    await Promise.race([Promise.allSettled(asked), sleep(othersWithinMs, over.signal)]);
  } catch (cause) {
    throw new TransientError(`find ZooKeeper's address, ${servers}`, { cause });
  } finally {
    over.abort("told");
  }
  return `${found.toSorted().join()}${root}`;
}

/** A server that is started anew may have another address, and so may one that had none: whoever has no connection looks again. */
export class FollowedAddresses {
  readonly #address: ZooKeeperAddress;
  readonly #tell: (addresses: string) => void;
  #following: AbortController | undefined;

  /** @param tell called with all of them, once they are known and each time that they are others */
  constructor(address: ZooKeeperAddress, tell: (addresses: string) => void) {
    this.#address = address;
    this.#tell = tell;
  }

  /** Looks them up until `rest` is called. */
  follow(): void {
    if (this.#following !== undefined) return;
    this.#following = new AbortController();
    void this.#look(this.#following.signal);
  }

  rest(): void {
    this.#following?.abort("not needed");
    this.#following = undefined;
  }

  async #look(scope: AbortSignal): Promise<void> {
    for (let last: string | undefined; !scope.aborted; await sleep(lookAgainMs, scope)) {
      const now = await addressesOf(this.#address, lookAgainMs).catch(() => undefined);
      if (now === undefined || now === last || scope.aborted) continue;
      this.#tell(now);
      last = now;
    }
  }
}
