// A write every few milliseconds, each on its way whether or not earlier ones were answered: what clients feel while a
// master is lost and another takes over.
import { HttpClient, type HttpTarget, noAnswer } from "./http-client.ts";
import { workloadOf } from "./workload.ts";

export interface Probe {
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly ok: boolean;
}

/** More than fall due within any gap that is worth measuring. */
const connections = 256;

export class Prober {
  readonly #target: HttpTarget;
  readonly #idle: HttpClient[] = [];
  readonly #all: HttpClient[] = [];
  readonly #workload;
  readonly probes: Probe[] = [];
  #timer: NodeJS.Timeout | undefined;
  #inAir = 0;

  constructor(target: HttpTarget, firstId: number) {
    this.#target = target;
    this.#workload = workloadOf({ kind: "write", firstId });
  }

  async start(everyMs: number): Promise<void> {
    for (let i = 0; i < connections; i++) {
      const client = new HttpClient(this.#target, () => undefined);
      await client.open();
      this.#all.push(client);
    }
    this.#idle.push(...this.#all);
    this.#timer = setInterval(() => this.#send(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const client of this.#all) client.close();
  }

  /** Sent and not answered yet. */
  get inAir(): number {
    return this.#inAir;
  }

  #send(): void {
    const client = this.#idle.pop();
    if (client === undefined) return;
    const sentMs = performance.now();
    this.#inAir += 1;
    client.send(this.#workload.next().bytes, (answer) => {
      this.#inAir -= 1;
      this.probes.push({ sentMs, answeredMs: performance.now(), ok: answer.status === 200 });
      if (answer !== noAnswer) this.#idle.push(client);
    });
  }
}

/**
 * PURE. The longest time from `fromMs` on in which no write was answered with success. When the master was really lost is
 * not known here, and need not be: until then writes are answered, and the silence begins by itself.
 */
export function longestSilence(probes: readonly Probe[], fromMs: number): number {
  const answered = probes
    .filter(({ ok, answeredMs }) => ok && answeredMs >= fromMs)
    .map(({ answeredMs }) => answeredMs);
  const moments = [fromMs, ...answered.toSorted((a, b) => a - b)];
  return Math.max(0, ...moments.slice(1).map((moment, i) => moment - (moments[i] ?? moment)));
}
