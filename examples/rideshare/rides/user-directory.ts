// How rides learns whether a user exists: it asks the users microservice for its list, over the load balancer, as any
// other client would. It says how far into the data it has seen, so that the list is not older than its own knowledge.
import type { Dbaas } from "../../../client/client.ts";
import { exchange } from "../../../client/exchange.ts";
import { limits } from "../limits.ts";
import { type Deadline, timeLeftMs } from "../reading.ts";

export interface Addresses {
  readonly loadBalancer: URL;
  /** Told to users in the Origin header. */
  readonly own: URL;
}

export class UserDirectory {
  readonly #addresses: Addresses;
  readonly #database: Dbaas;

  constructor(addresses: Addresses, database: Dbaas) {
    this.#addresses = addresses;
    this.#database = database;
  }

  /** A user may be gone a moment later: the database's references have the last word. */
  async has(username: string, deadline: Deadline): Promise<boolean> {
    const { loadBalancer, own } = this.#addresses;
    const { value: usernames = [] } = await exchange(fetch, {
      method: "GET",
      url: new URL("/api/v1/users", loadBalancer),
      headers: { Origin: own.origin, "X-DBaaS-Min-Position": String(this.#database.seen) },
      withinMs: timeLeftMs(deadline),
      attemptWithinMs: limits.attemptMs,
      repeatable: true,
    });
    if (!Array.isArray(usernames)) throw new Error("the list of users is no list");
    return usernames.includes(username);
  }
}
