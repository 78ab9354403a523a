// What a run of the load generator found out, and the shape in which it tells it.
import { createHistogram } from "node:perf_hooks";
import { systemClock } from "../../../platform/process/clock.ts";
import type { HttpAnswer } from "./http-client.ts";
import type { Request } from "./workload.ts";

export interface Latency {
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  readonly meanMs: number;
}

export interface LoadResult {
  /** Answers with status 200 or 201 within the measured time. */
  readonly answered: number;
  readonly perSecond: number;
  readonly seconds: number;
  readonly latency: Latency;
  /** Over the whole run, warm-up included: answers of another status, and connections that broke. */
  readonly errors: number;
  readonly checked: number;
  /** Answers whose body was not what it must be. */
  readonly wrong: number;
  readonly firstTrouble: string | null;
  /** Answers of success over the whole run: so many rows must be there after a run of writes. */
  readonly succeeded: number;
  /** The generator's own processor time in the measured span. */
  readonly ownCpuPercent: number;
  /** Open loop only: requests that were due and never sent, because no connection was free until the end. */
  readonly unsent: number;
}

/** Every answer's status is looked at, and the body of one in so many. */
const checkEvery = 50;

const isSuccess = (status: number): boolean => status === 200 || status === 201;

/** In microseconds, up to an hour, kept to three digits. */
const latencies = { lowest: 1, highest: 3_600_000_000, figures: 3 } as const;

export class Tally {
  readonly #histogram = createHistogram(latencies);
  readonly #clock: { monotonicMs(): number };
  #measuring = false;
  #startedMs = 0;
  #endedMs = 0;
  #cpuAtStart = process.cpuUsage();
  #cpuUs = 0;
  #seen = 0;
  #errors = 0;
  #checked = 0;
  #wrong = 0;
  #succeeded = 0;
  #firstTrouble: string | null = null;

  constructor(clock: { monotonicMs(): number } = systemClock) {
    this.#clock = clock;
  }

  start(): void {
    this.#measuring = true;
    this.#startedMs = this.#clock.monotonicMs();
    this.#cpuAtStart = process.cpuUsage();
  }

  stop(): void {
    this.#measuring = false;
    this.#endedMs = this.#clock.monotonicMs();
    const { user, system } = process.cpuUsage(this.#cpuAtStart);
    this.#cpuUs = user + system;
  }

  answer({ status, body }: HttpAnswer, request: Request, latencyMs: number): void {
    this.#seen += 1;
    if (!isSuccess(status)) {
      this.trouble(`status ${status}: ${body.toString("utf8", 0, 200)}`);
      return;
    }
    this.#succeeded += 1;
    if (this.#measuring) this.#record(latencyMs * 1_000);
    if (this.#seen % checkEvery !== 1) return;
    this.#checked += 1;
    const wrong = request.verify(body);
    if (wrong === null) return;
    this.#wrong += 1;
    this.#firstTrouble ??= wrong;
  }

  #record(us: number): void {
    this.#histogram.record(Math.min(latencies.highest, Math.max(latencies.lowest, Math.round(us))));
  }

  trouble(what: string): void {
    this.#errors += 1;
    this.#firstTrouble ??= what;
  }

  result(unsent: number): LoadResult {
    const seconds = (this.#endedMs - this.#startedMs) / 1_000;
    const { count, max, mean } = this.#histogram;
    // One without any value says NaN, and a maximum of none.
    const ms = (us: number) => (count === 0 ? 0 : us / 1_000);
    const percentile = (percent: number) => ms(this.#histogram.percentile(percent));
    return {
      answered: count,
      perSecond: count / seconds,
      seconds,
      latency: {
        p50Ms: percentile(50),
        p90Ms: percentile(90),
        p99Ms: percentile(99),
        p999Ms: percentile(99.9),
        maxMs: ms(max),
        meanMs: ms(mean),
      },
      errors: this.#errors,
      checked: this.#checked,
      wrong: this.#wrong,
      firstTrouble: this.#firstTrouble,
      succeeded: this.#succeeded,
      ownCpuPercent: this.#cpuUs / 10_000 / seconds,
      unsent,
    };
  }
}
