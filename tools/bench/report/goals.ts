// PURE. The figures that were aimed at, beside what was measured: plain mode, the service, their ratio, met or not.
import type { Forms, MemorySample, Results } from "./results.ts";
import type { Summary } from "./summary.ts";

export interface Goal {
  readonly what: string;
  /** Null where plain mode has no such figure. */
  readonly plain: number | null;
  readonly service: number;
  readonly unit: string;
  readonly ratio: number | null;
  readonly goal: string;
  readonly met: boolean;
}

interface Wanted {
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Times plain mode. */
  readonly timesPlain?: number;
}

function judged(what: string, unit: string, plain: number | null, service: number, wanted: Wanted): Goal {
  const { atLeast, atMost, timesPlain } = wanted;
  const ratio = plain === null || plain === 0 || service === 0 ? null : service / plain;
  const met =
    (atLeast === undefined || service >= atLeast) &&
    (atMost === undefined || service <= atMost) &&
    (timesPlain === undefined || (ratio !== null && ratio >= timesPlain));
  const goal = [
    timesPlain === undefined ? "" : `>= ${timesPlain}x plain`,
    atLeast === undefined ? "" : `>= ${atLeast}`,
    atMost === undefined ? "" : `<= ${atMost}`,
  ];
  return { what, plain, service, unit, ratio, goal: goal.filter((part) => part !== "").join(", "), met };
}

export function goalsOf(results: Results): readonly Goal[] {
  return [
    ...headline(results),
    ...lone(results),
    ...sql(results),
    ...replay(results),
    ...memory(results),
    ...controller(results),
    ...neighbours(results),
  ];
}

function sql({ sql: found }: Results): readonly Goal[] {
  if (found === undefined) return [];
  const part = ({ rows, sql: bySql }: Forms) => bySql.perSecond / rows.perSecond;
  const unit = "of the row form's";
  return [
    judged("reads by key in SQL, 64 connections", unit, null, part(found.reads), { atLeast: 0.9 }),
    judged("durable writes in SQL, 64 connections", unit, null, part(found.writes), { atLeast: 0.9 }),
  ];
}

function headline({ headline: found }: Results): readonly Goal[] {
  if (found === undefined) return [];
  const { reads, writes } = found;
  const at = "64 connections, 1 slave";
  return [
    judged(`reads, ${at}`, "/s", reads.plain.perSecond, reads.service.perSecond, {
      atLeast: 8_000,
      timesPlain: 10,
    }),
    judged(`durable writes, ${at}`, "/s", writes.plain.perSecond, writes.service.perSecond, {
      atLeast: 4_000,
      timesPlain: 16,
    }),
    judged("p99 of those reads", "ms", reads.plain.p99Ms, reads.service.p99Ms, { atMost: 20 }),
    judged("p99 of those writes", "ms", writes.plain.p99Ms, writes.service.p99Ms, { atMost: 35 }),
  ];
}

function lone({ lone: found }: Results): readonly Goal[] {
  if (found === undefined) return [];
  const { reads, writes } = found;
  return [
    judged("a lone read, p50", "ms", reads.plain.p50Ms, reads.service.p50Ms, { atMost: 2.5 }),
    judged("a lone write, p50", "ms", writes.plain.p50Ms, writes.service.p50Ms, { atMost: 6 }),
  ];
}

function replay({ replay: found }: Results): readonly Goal[] {
  if (found === undefined) return [];
  const { plain, service, serviceBulk } = found;
  return [
    judged("replay of bulk writes", "rows/s", plain.rowsPerSecond, serviceBulk.rowsPerSecond, {
      atLeast: 150_000,
    }),
    judged("replay of single-row writes", "rows/s", plain.rowsPerSecond, service.rowsPerSecond, {}),
  ];
}

function memory({ memory: found }: Results): readonly Goal[] {
  if (found === undefined) return [];
  const most = (pattern: RegExp) => Math.max(...found.samples.map((sample) => largest(sample, pattern)));
  return [
    judged(`memory of a worker with ${found.rows} rows`, "MB", null, most(workerForm), { atMost: 150 }),
    judged(`memory of the API at ${found.connections} connections`, "MB", null, most(/^api$/), {
      atMost: 150,
    }),
    judged(`growth over ${found.minutes} minutes`, "MB", null, growth(found.samples), { atMost: 15 }),
  ];
}

const workerForm = /^w-\d+$/;

const largest = ({ megabytes }: MemorySample, pattern: RegExp): number =>
  Math.max(0, ...Object.entries(megabytes).map(([name, mb]) => (pattern.test(name) ? mb : 0)));

/** Of the API or any worker, from the second fifth of the time to the last: the first fifth warms up. */
export function growth(samples: readonly MemorySample[]): number {
  const fifth = Math.floor(samples.length / 5);
  if (fifth === 0) return 0;
  const mean = (part: readonly MemorySample[], name: string) =>
    part.reduce((sum, { megabytes }) => sum + (megabytes[name] ?? 0), 0) / part.length;
  const names = Object.keys(samples.at(-1)?.megabytes ?? {}).filter(
    (name) => name === "api" || workerForm.test(name),
  );
  const grown = names.map(
    (name) => mean(samples.slice(-fifth), name) - mean(samples.slice(fifth, 2 * fifth), name),
  );
  return Math.round(Math.max(0, ...grown) * 10) / 10;
}

function controller({ controller: found }: Results): readonly Goal[] {
  if (found === undefined) return [];
  const idle = found.idleCpu.controller ?? 0;
  return [
    judged("controller, idle", "% of a core", null, idle, { atMost: 1 }),
    judged(`a cycle with ${found.simulatedWorkers} workers, p50`, "ms", null, found.cycleP50Ms, {
      atMost: 50,
    }),
  ];
}

/** Of 100 that are asked for each second. Where fewer are answered, the latency of those few says nothing. */
const quickAnsweredMin = 95;

/** "None" is there to compare with. */
function neighbours({ neighbours: found }: Results): readonly Goal[] {
  const beside = (found ?? []).filter(({ name }) => name !== "none");
  if (beside.length === 0) return [];
  const p99Of = ({ perSecond, p99Ms }: Summary) => (perSecond < quickAnsweredMin ? Infinity : p99Ms);
  const worst = (of: "reads" | "writes") => Math.max(...beside.map((one) => p99Of(one[of])));
  return [
    judged("p99 of quick reads, beside the worst neighbours", "ms", null, worst("reads"), { atMost: 500 }),
    judged("p99 of quick writes, beside the worst neighbours", "ms", null, worst("writes"), { atMost: 500 }),
  ];
}
