// Puts load on a service for a while. Closed loop: each connection asks again as soon as it is answered, which finds the
// highest throughput. Open loop: requests fall due at a fixed rate whether or not earlier ones were answered, and their
// latency counts from then, so that a stall is felt by everyone who would have come meanwhile.
import { type Cancel, type Clock, every, systemClock } from "../../../platform/process/clock.ts";
import { HttpClient, type HttpTarget } from "./http-client.ts";
import { type LoadResult, Tally } from "./tally.ts";
import { type Request, type Workload, type WorkloadSpec, workloadOf } from "./workload.ts";

export interface LoadSpec {
  readonly target: HttpTarget;
  /** The connections are spread over these as well. */
  readonly otherTargets?: readonly HttpTarget[];
  readonly connections: number;
  /** Set for an open loop. */
  readonly ratePerSecond?: number;
  readonly warmUpMs: number;
  readonly measureMs: number;
  readonly workload: WorkloadSpec;
}

const drainWithinMs = 15_000;
const tickMs = 1;

/** Told when the measured time begins and ends, so that the caller can look at the other processes meanwhile. */
export type OnPhase = (phase: "measuring" | "measured") => void;

type LoadClock = Pick<Clock, "monotonicMs" | "sleep" | "after">;

export async function runLoad(
  spec: LoadSpec,
  onPhase: OnPhase = () => undefined,
  clock: LoadClock = systemClock,
): Promise<LoadResult> {
  const run = new Run(spec, onPhase, clock);
  await run.open();
  try {
    return await run.measured();
  } finally {
    run.close();
  }
}

class Run {
  readonly #spec: LoadSpec;
  readonly #tally: Tally;
  readonly #workload: Workload;
  readonly #clients: HttpClient[] = [];
  readonly #idle: HttpClient[] = [];
  #stopping = false;
  #inAir = 0;
  #drained: () => void = () => undefined;
  readonly #onPhase: OnPhase;
  readonly clock: LoadClock;

  constructor(spec: LoadSpec, onPhase: OnPhase, clock: LoadClock) {
    this.#spec = spec;
    this.#onPhase = onPhase;
    this.clock = clock;
    this.#tally = new Tally(clock);
    this.#workload = workloadOf(spec.workload);
  }

  async open(): Promise<void> {
    const { connections, target, otherTargets = [] } = this.#spec;
    const targets = [target, ...otherTargets];
    for (let i = 0; i < connections; i++)
      this.#clients.push(await this.#connected(targets[i % targets.length] ?? target));
    this.#idle.push(...this.#clients);
  }

  async #connected(target: HttpTarget): Promise<HttpClient> {
    const client = new HttpClient(target, (error) => {
      if (!this.#stopping) this.#tally.trouble(error.message);
    });
    await client.open();
    return client;
  }

  async measured(): Promise<LoadResult> {
    const { warmUpMs, measureMs, ratePerSecond } = this.#spec;
    const schedule = ratePerSecond === undefined ? this.#closedLoop() : new Schedule(this, ratePerSecond);
    await this.clock.sleep(warmUpMs);
    this.#onPhase("measuring");
    this.#tally.start();
    await this.clock.sleep(measureMs);
    this.#tally.stop();
    this.#onPhase("measured");
    this.#stopping = true;
    const unsent = schedule?.stop() ?? 0;
    await this.#drain();
    return this.#tally.result(unsent);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #closedLoop(): undefined {
    for (const client of this.#clients) {
      const again = () => {
        if (!this.#stopping) this.#ask(client, this.#workload.next(), this.clock.monotonicMs(), again);
      };
      again();
    }
  }

  /** @returns false when every connection is taken */
  askIdle(dueMs: number, onIdle: () => void): boolean {
    // The one that has rested longest: a connection that is never used would be closed as such.
    const client = this.#idle.shift();
    if (client === undefined) return false;
    this.#ask(client, this.#workload.next(), dueMs, () => {
      this.#idle.push(client);
      onIdle();
    });
    return true;
  }

  #ask(client: HttpClient, request: Request, sinceMs: number, then: () => void): void {
    this.#inAir += 1;
    client.send(request.bytes, (answer) => {
      this.#inAir -= 1;
      if (answer.status === 0) return this.#reopen(client, then);
      this.#tally.answer(answer, request, this.clock.monotonicMs() - sinceMs);
      then();
      if (this.#stopping && this.#inAir === 0) this.#drained();
    });
  }

  /** A broken connection is counted as an error already; its place is taken by a new one. */
  #reopen(client: HttpClient, then: () => void): void {
    if (this.#stopping) return;
    client.open().then(then, () => setTimeout(() => this.#reopen(client, then), 100));
  }

  async #drain(): Promise<void> {
    if (this.#inAir === 0) return;
    const drained = new AbortController();
    this.#drained = () => drained.abort();
    await this.clock.sleep(drainWithinMs, drained.signal);
    for (let i = 0; i < this.#inAir; i++) this.#tally.trouble("no answer by the end");
  }
}

/** Lets requests fall due at a fixed rate; those that find no free connection wait for one and grow older. */
class Schedule {
  readonly #run: Run;
  readonly #everyMs: number;
  readonly #startedMs: number;
  readonly #cancel: Cancel;
  #sent = 0;
  #stopped = false;

  constructor(run: Run, ratePerSecond: number) {
    this.#run = run;
    this.#everyMs = 1_000 / ratePerSecond;
    this.#startedMs = run.clock.monotonicMs();
    this.#cancel = every(run.clock, tickMs, () => this.#sendDue());
  }

  /** @returns how many were due and not sent */
  stop(): number {
    this.#stopped = true;
    this.#cancel();
    return this.#due() - this.#sent;
  }

  #due(): number {
    return Math.floor((this.#run.clock.monotonicMs() - this.#startedMs) / this.#everyMs);
  }

  #sendDue(): void {
    if (this.#stopped) return;
    const due = this.#due();
    while (this.#sent < due) {
      const dueMs = this.#startedMs + this.#sent * this.#everyMs;
      if (!this.#run.askIdle(dueMs, () => this.#sendDue())) return;
      this.#sent += 1;
    }
  }
}
