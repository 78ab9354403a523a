// PURE. Which charts a run's results make.
import type { Results, Size } from "./results.ts";
import type { Pair, Summary } from "./summary.ts";
import { median } from "./summary.ts";
import { barChart, type Line, lineChart } from "./svg.ts";

export interface Chart {
  readonly file: string;
  readonly svg: string;
}

export function chartsOf(results: Results): readonly Chart[] {
  return [
    ...headline(results),
    ...connections(results),
    ...slaves(results),
    ...sizes(results),
    ...memory(results),
  ];
}

function headline({ headline: found }: Results): readonly Chart[] {
  if (found === undefined) return [];
  const group = (name: string, { plain, service }: Pair) => ({
    name,
    bars: [
      { name: "plain mode", value: plain.perSecond },
      { name: "Mini DBaaS", value: service.perSecond },
    ],
  });
  const title = "Requests per second, 64 connections, one slave";
  const cpu = { title: "Processor time at those loads", yLabel: "% of one core", groups: cpuGroups(found) };
  return [
    {
      file: "throughput.svg",
      svg: barChart({
        title,
        yLabel: "requests/s",
        groups: [group("reads", found.reads), group("durable writes", found.writes)],
      }),
    },
    { file: "cpu.svg", svg: barChart(cpu) },
  ];
}

/** The processes of the service that did something worth drawing. */
function cpuGroups({ reads, writes }: NonNullable<Results["headline"]>) {
  const bars = (summary: Summary) =>
    Object.entries(summary.cpu)
      .filter(([, percent]) => percent >= 1)
      .map(([name, value]) => ({ name, value }));
  const names = new Set([...bars(reads.service), ...bars(writes.service)].map(({ name }) => name));
  return [...names].map((name) => ({
    name,
    bars: [
      { name: "reads", value: reads.service.cpu[name] ?? 0 },
      { name: "writes", value: writes.service.cpu[name] ?? 0 },
    ],
  }));
}

function connections({ connections: found }: Results): readonly Chart[] {
  if (found === undefined) return [];
  const line = (name: string, y: (at: NonNullable<Results["connections"]>[number]) => number): Line => ({
    name,
    points: found.map((at) => ({ x: at.connections, y: y(at) })),
  });
  const axes = { xLabel: "connections", xScale: "log", yScale: "log" } as const;
  return [
    {
      file: "connections.svg",
      svg: lineChart({
        ...axes,
        title: "Throughput against connections",
        yLabel: "requests/s",
        lines: [
          line("reads", ({ reads }) => reads.service.perSecond),
          line("writes", ({ writes }) => writes.service.perSecond),
          line("plain reads", ({ reads }) => reads.plain.perSecond),
          line("plain writes", ({ writes }) => writes.plain.perSecond),
        ],
      }),
    },
    {
      file: "latency.svg",
      svg: lineChart({
        ...axes,
        title: "Latency against connections",
        yLabel: "ms",
        lines: [
          line("reads p50", ({ reads }) => reads.service.p50Ms),
          line("reads p99", ({ reads }) => reads.service.p99Ms),
          line("writes p50", ({ writes }) => writes.service.p50Ms),
          line("writes p99", ({ writes }) => writes.service.p99Ms),
        ],
      }),
    },
  ];
}

function slaves({ slaves: found }: Results): readonly Chart[] {
  if (found === undefined) return [];
  const groups = found.map(({ slaves: count, reads, writes }) => ({
    name: count === 1 ? "1 slave" : `${count} slaves`,
    bars: [
      { name: "reads", value: reads.perSecond },
      { name: "writes", value: writes.perSecond },
    ],
  }));
  return [
    {
      file: "slaves.svg",
      svg: barChart({ title: "Throughput against slaves, all on one machine", yLabel: "requests/s", groups }),
    },
  ];
}

function sizes({ sizes: found }: Results): readonly Chart[] {
  if (found === undefined) return [];
  const line = (name: string, y: (size: Size) => number): Line => ({
    name,
    points: found.map((size) => ({ x: size.rows, y: y(size) })),
  });
  const axes = { xLabel: "rows", xScale: "log" } as const;
  const medianOf = (pick: "gapMs" | "wholeMs") => (size: Size) =>
    median(size.failovers.map((one) => one[pick]));
  return [
    {
      file: "rows.svg",
      svg: lineChart({
        ...axes,
        title: "Throughput against rows",
        yLabel: "requests/s",
        lines: [
          line("reads", ({ reads }) => reads.perSecond),
          line("writes", ({ writes }) => writes.perSecond),
        ],
      }),
    },
    {
      file: "failover.svg",
      svg: lineChart({
        ...axes,
        title: "Losing the master, and new slaves, against rows",
        yLabel: "ms",
        lines: [
          line("no write answered", medianOf("gapMs")),
          line("whole again", medianOf("wholeMs")),
          line("one more slave", ({ newSlaveMs }) => newSlaveMs),
        ],
      }),
    },
  ];
}

function memory({ memory: found }: Results): readonly Chart[] {
  if (found === undefined) return [];
  const names = Object.keys(found.samples.at(-1)?.megabytes ?? {}).filter((name) =>
    /^(api|controller|w-\d+)$/.test(name),
  );
  const lines = names.map((name) => ({
    name,
    points: found.samples.map(({ second, megabytes }) => ({ x: second, y: megabytes[name] ?? 0 })),
  }));
  const title = `Memory under a steady load, ${found.rows.toLocaleString("en-US")} rows`;
  return [
    {
      file: "memory.svg",
      svg: lineChart({ title, xLabel: "seconds", yLabel: "MB resident", lines, xScale: "linear" }),
    },
  ];
}
