// PURE. Several runs of the same thing -> one figure each, with the runs behind it.
import type { Measurement } from "../world/generator.ts";

export interface Summary {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly errors: number;
  readonly wrong: number;
  readonly firstTrouble: string | null;
  /** Percent of one core by process, of the run with the median throughput. */
  readonly cpu: Readonly<Record<string, number>>;
  readonly residentMb: Readonly<Record<string, number>>;
  /** Requests per second of every run, in order. */
  readonly runs: readonly number[];
}

export interface Pair {
  readonly plain: Summary;
  readonly service: Summary;
}

const mebibyte = 1024 * 1024;

/** Of an even number the lower of the two in the middle: a figure that was really measured. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** Each latency is the median of the runs' own. @throws when there is no run */
export function summarise(runs: readonly Measurement[]): Summary {
  const rates = runs.map(({ load }) => load.perSecond);
  const typical = runs[rates.indexOf(median(rates))];
  if (typical === undefined) throw new Error("nothing was measured");
  const latency = (part: keyof Measurement["load"]["latency"]) =>
    median(runs.map(({ load }) => load.latency[part]));
  return {
    perSecond: median(rates),
    p50Ms: latency("p50Ms"),
    p90Ms: latency("p90Ms"),
    p99Ms: latency("p99Ms"),
    p999Ms: latency("p999Ms"),
    errors: runs.reduce((sum, { load }) => sum + load.errors, 0),
    wrong: runs.reduce((sum, { load }) => sum + load.wrong, 0),
    firstTrouble: runs.find(({ load }) => load.firstTrouble !== null)?.load.firstTrouble ?? null,
    cpu: typical.cpu,
    residentMb: Object.fromEntries(
      Object.entries(typical.resident).map(([name, bytes]) => [name, Math.round(bytes / mebibyte)]),
    ),
    runs: rates,
  };
}
