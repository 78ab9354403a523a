// How rides learns whether a user exists: it asks the users microservice for its list, over the load balancer, as any
// other client would. It says how far into the data it has seen, so that the list is not older than its own knowledge.
import type { Database } from "../database.ts";
import { exchange } from "../http-client.ts";
import { parseJson } from "../json.ts";
import { type Deadline, untilAnswered } from "../patience.ts";

export interface Addresses {
  readonly loadBalancer: URL;
  /** Told to users in the Origin header. */
  readonly own: URL;
}

export class UserDirectory {
  readonly #addresses: Addresses;
  readonly #database: Database;

  constructor(addresses: Addresses, database: Database) {
    this.#addresses = addresses;
    this.#database = database;
  }

  /** A user may be gone a moment later: the database's references have the last word. */
  async has(username: string, deadline: Deadline): Promise<boolean> {
    const { loadBalancer, own } = this.#addresses;
    const answer = await untilAnswered(deadline, (timeoutMs) =>
      exchange({
        method: "GET",
        url: new URL("/api/v1/users", loadBalancer),
        headers: { origin: own.origin, "x-dbaas-min-position": String(this.#database.seen) },
        timeoutMs,
      }),
    );
    if (answer.status === 204) return false;
    const usernames = answer.status === 200 ? parseJson(answer.text) : undefined;
    if (!Array.isArray(usernames)) throw new Error(`the list of users answered ${answer.status}`);
    return usernames.includes(username);
  }
}
