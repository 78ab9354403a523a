// Where ZooKeeper is, and as whom to go there.
import { lookup } from "node:dns/promises";
import { setImmediate as turnOfTheLoop } from "node:timers/promises";
import { TransientError } from "../../core/errors.ts";
import { preferredFirst } from "../process/preferred.ts";
import { sleep, within } from "../process/waiting.ts";

export interface ZooKeeperAddress {
  /** `host:port[,host:port…]`, in the order in which they are tried where one is preferred. */
  readonly hosts: string;
  readonly isOrdered: boolean;
  /** `/path` below which everything is to stand, or nothing. */
  readonly root: string;
  /** `user:password` */
  readonly credentials: string | undefined;
}

/**
 * @param servers `[user:password@]host:port[,host:port…][/path]`
 * @param preferred the host of the server that is tried first, see `preferredFirst`. A program whose server is that of its own host does not
 *   lose its session with another host
 * @throws Error when it is none of them
 */
export function addressIn(servers: string, preferred?: string): ZooKeeperAddress {
  const at = servers.lastIndexOf("@");
  const place = servers.slice(at + 1);
  const end = place.includes("/") ? place.indexOf("/") : place.length;
  const hosts = place
    .slice(0, end)
    .split(",")
    .map((host) => host.trim());
  const ordered = preferred === undefined ? hosts : preferredFirst(hosts, (host) => host, preferred);
  if (ordered === undefined)
    throw new Error(`the preferred server of ZooKeeper, ${preferred}, is none of ${hosts.join(", ")}`);
  return {
    hosts: ordered.join(),
    isOrdered: preferred !== undefined,
    root: place.slice(end),
    credentials: at < 0 ? undefined : servers.slice(0, at),
  };
}

/** A name that is known at all is told in milliseconds. One that nobody answers for takes the system seconds. */
const othersWithinMs = 300;
const lookAgainMs = 1_000;

/** A name that nobody answers for is asked for once at a time: each lookup takes one of the few threads that there are for them. */
const pending = new Map<string, Promise<readonly string[]>>();
/** What was told last of a name, until it is told that there is nothing. */
const known = new Map<string, readonly string[]>();

function lookedUp(name: string): Promise<readonly string[]> {
  const asked = pending.get(name) ?? askedFor(name).finally(() => pending.delete(name));
  pending.set(name, asked);
  return asked;
}

async function askedFor(name: string): Promise<readonly string[]> {
  try {
    const told = await lookup(name, { all: true });
    const addresses = told.map(({ address }) => address);
    known.set(name, addresses);
    return addresses;
  } catch (error) {
    known.delete(name);
    throw error;
  }
}

/**
 * For the native client, which would look up names in the event loop: the program would stand still for as long as nobody answers for the
 * name of a host that is lost.
 * @returns `address:port[,address:port…]` in the order of the hosts, of those that have any. Of a name that is told later than the first by
 *   300 ms it is what was told before
 * @throws TransientError when none of the hosts has one in time
 */
export async function addressesOf({ hosts }: ZooKeeperAddress, withinMs: number): Promise<string> {
  const over = new AbortController();
  const servers = hosts.split(",").map((host) => {
    const [, name = "", port = ""] = /^\[?(.*?)\]?(:\d+)?$/.exec(host) ?? [];
    return { name, port };
  });
  const asked = servers.map(({ name }) => lookedUp(name));
  try {
    await within(Promise.any(asked), withinMs, "ask for the address");
    await Promise.race([Promise.allSettled(asked), sleep(othersWithinMs, over.signal)]);
  } catch (cause) {
    throw new TransientError(`find ZooKeeper's address, ${hosts}`, { cause });
  } finally {
    over.abort("told");
  }
  const found = servers.flatMap(({ name, port }) => (known.get(name) ?? []).map((one) => `${one}${port}`));
  if (found.length === 0) throw new TransientError(`ZooKeeper's address is not known any more, ${hosts}`);
  return [...new Set(found)].join();
}

/** A server that is started anew may have another address, and so may one that had none: whoever has no connection looks again. */
export class FollowedAddresses {
  readonly #address: ZooKeeperAddress;
  readonly #tell: (addresses: string) => boolean;
  #following: AbortController | undefined;

  /**
   * @param tell called with all of them, once they are known and each time that they are others; returns whether they were taken. Never
   *   while whoever calls `follow` is still in what it does: the native client must not be called in a callback about its connection.
   */
  constructor(address: ZooKeeperAddress, tell: (addresses: string) => boolean) {
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
      await turnOfTheLoop();
      if (now === undefined || now === last || scope.aborted) continue;
      if (this.#tell(now)) last = now;
    }
  }
}
