// The service as clients of several hosts use it: each has an API that it prefers, and changes to another one under the same
// idempotency key when that one does not answer.
import { setTimeout as sleep } from "node:timers/promises";
import { type Ask, type Attempt, attemptAt } from "../clients/attempt.ts";
import { Choice } from "./choice.ts";
import { apiPort, disturbances, hostNumbers, hosts, reachable } from "./testbed.ts";

/** A client that has heard nothing for so long asks elsewhere. A failover of every leader at once takes longer. */
const patienceMs = 3_000;

class Apis {
  readonly #ports = new Map<number, number>();

  async open(): Promise<void> {
    for (const host of hostNumbers) this.#ports.set(host, await hosts.reach(host, apiPort));
  }

  portOf(host: number): number {
    const port = this.#ports.get(host);
    if (port === undefined) throw new Error(`the API of host ${host} is not reached`);
    return port;
  }

  /** Of a host that can be reached. */
  somePort(): number {
    const [host] = reachable();
    if (host === undefined) throw new Error("no host can be reached");
    return this.portOf(host);
  }

  /** One for each host that is preferred. */
  asks(odd: (what: string) => void): readonly Ask[] {
    return hostNumbers.map((preferred) => {
      const choice = new Choice(hostNumbers, preferred, () => performance.now());
      return async (path, body, headers) => {
        const host = choice.next();
        const asked = this.#ask(host, { path, body, headers: headers ?? {} }, odd);
        const made = await Promise.race([asked, sleep(patienceMs, null)]);
        if (made === null || made.kind !== "answered") choice.failed(host);
        return made ?? { kind: "lost", reason: `no answer from host ${host} within ${patienceMs} ms` };
      };
    });
  }

  /** An API that nothing was done to must answer in time, also when its client has gone to another one meanwhile. */
  async #ask(
    host: number,
    { path, body, headers }: { path: string; body: unknown; headers: Readonly<Record<string, string>> },
    odd: (what: string) => void,
  ): Promise<Attempt> {
    const sentAtMs = performance.now();
    const made = await attemptAt(this.portOf(host), path, body, headers);
    if (made.kind !== "hung") return made;
    if (!disturbances.touchedSince(host, sentAtMs))
      odd(`no answer at all from host ${host}, to which nothing was done: ${path}`);
    return { kind: "lost", reason: `hung at host ${host}` };
  }
}

export const apis = new Apis();
