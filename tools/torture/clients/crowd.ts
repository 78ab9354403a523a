// All clients together: started at once, held and released together, and ended in order.
import type { History } from "../history.ts";
import { randomOf, seedFor } from "../random.ts";
import { openAccounts } from "./accounts.ts";
import type { Ask } from "./attempt.ts";
import { Client } from "./client.ts";
import { Gate } from "./gate.ts";
import { probe } from "./prober.ts";

export interface CrowdOptions {
  readonly clients: number;
  readonly seed: number;
  readonly history: History;
  /** Each begins at another API, where there are several. */
  readonly asks: readonly Ask[];
  readonly nowMs: () => number;
}

/** After the end of a run, writes whose fate is not known are asked for once more, for so long. */
const settleWritesMs = 30_000;

export class Crowd {
  /** For everybody but the prober. */
  readonly #clients = new Gate();
  readonly #prober = new Gate();
  readonly #stop = new AbortController();
  readonly #over = new AbortController();
  readonly #running: Promise<unknown>;

  constructor({ clients, seed, history, asks, nowMs }: CrowdOptions) {
    const names = Array.from({ length: clients }, (_, i) => `c${i + 1}`);
    const ends = { stop: this.#stop.signal, over: this.#over.signal };
    const [first] = asks;
    if (first === undefined) throw new Error("no API to ask");
    const opened = openAccounts(first, ends.over);
    const inSql = new Set(
      randomOf(seedFor(seed, "sql"))
        .shuffled(names)
        .slice(0, Math.ceil(clients / 2)),
    );
    this.#running = Promise.all([
      probe({ asks, history, nowMs, gate: this.#prober, ...ends }),
      ...names.map(async (name, i) => {
        const random = randomOf(seedFor(seed, name));
        const ask = asks[i % asks.length] ?? first;
        const speaksSql = inSql.has(name);
        const gate = this.#clients;
        await opened;
        await new Client({ name, names, speaksSql, history, ask, random, nowMs, gate, ...ends }).run();
      }),
    ]);
  }

  /** Resolves once nothing is under way but the prober. */
  hush(): Promise<void> {
    return this.#clients.close();
  }

  /** Resolves once nothing is under way at all: what was not answered by then is answered or given up. */
  async hold(): Promise<void> {
    await Promise.all([this.#clients.close(), this.#prober.close()]);
  }

  release(): void {
    this.#clients.open();
    this.#prober.open();
  }

  async end(): Promise<void> {
    this.#stop.abort();
    this.release();
    const giveUp = setTimeout(() => this.#over.abort(), settleWritesMs);
    await this.#running;
    clearTimeout(giveUp);
  }
}
