// Once a second: how many requests, how fast, how many waiting. Keeps the last three minutes, so that a page that is opened
// has its charts at once.

import type { KindStats, QueueDepths, Stats } from "../../core/state/stats.ts";
import { latencyScale, percentile } from "../../platform/telemetry/distribution.ts";
import type { RouteMeter } from "./meters.ts";

export const samplesMax = 180;
const failedFrom = 500;

interface Totals {
  readonly answered: number;
  readonly failed: number;
  readonly counts: Float64Array;
}

export interface Kind {
  readonly meter: RouteMeter;
  readonly inFlight: () => number;
}

export interface SamplerPorts {
  readonly api: string;
  readonly reads: Kind;
  readonly writes: Kind;
  readonly surroundings: () => Pick<Stats, "reachable" | "scaling">;
  readonly now: () => number;
}

export class Sampler {
  readonly #ports: SamplerPorts;
  #before: { readonly atMs: number; readonly reads: Totals; readonly writes: Totals };
  readonly #samples: Stats[] = [];

  constructor(ports: SamplerPorts) {
    this.#ports = ports;
    this.#before = { atMs: ports.now(), reads: totalsOf(ports.reads), writes: totalsOf(ports.writes) };
  }

  get samples(): readonly Stats[] {
    return this.#samples;
  }

  sample(queues: QueueDepths | null): Stats {
    const { api, reads, writes, surroundings, now } = this.#ports;
    const after = { atMs: now(), reads: totalsOf(reads), writes: totalsOf(writes) };
    const seconds = Math.max(0.001, (after.atMs - this.#before.atMs) / 1_000);
    const stats: Stats = {
      atMs: after.atMs,
      api,
      reads: kindStats(this.#before.reads, after.reads, seconds, reads.inFlight()),
      writes: kindStats(this.#before.writes, after.writes, seconds, writes.inFlight()),
      queues,
      ...surroundings(),
    };
    this.#before = after;
    this.#samples.push(stats);
    if (this.#samples.length > samplesMax) this.#samples.shift();
    return stats;
  }
}

function totalsOf({ meter }: Kind): Totals {
  const counts = new Float64Array(latencyScale.octaves * latencyScale.stepsPerOctave + 2);
  let answered = 0;
  let failed = 0;
  for (const { status, times } of meter.entries()) {
    answered += times.count;
    if (status >= failedFrom) failed += times.count;
    for (const [i, count] of times.counts.entries()) counts[i] = (counts[i] ?? 0) + count;
  }
  return { answered, failed, counts };
}

function kindStats(before: Totals, after: Totals, seconds: number, inFlight: number): KindStats {
  const counts = after.counts.map((count, i) => count - (before.counts[i] ?? 0));
  const rounded = (value: number) => Math.round(value * 10) / 10;
  const at = (part: number) => {
    const ms = percentile(counts, latencyScale, part);
    return ms === null ? null : Math.round(ms * 1_000) / 1_000;
  };
  return {
    total: after.answered,
    perSecond: rounded((after.answered - before.answered) / seconds),
    failedPerSecond: rounded((after.failed - before.failed) / seconds),
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    inFlight,
  };
}
