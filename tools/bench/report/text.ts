// PURE. What a run prints at its end, and the same as Markdown for the documentation.
import { goalsOf } from "./goals.ts";
import type { Results } from "./results.ts";
import type { Pair, Summary } from "./summary.ts";
import { type Cell, figure, markdownTable, textTable } from "./table.ts";

interface Section {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

function sectionsOf(results: Results): readonly Section[] {
  return [
    goals(results),
    headlineRuns(results),
    cpu(results),
    sql(results),
    steady(results),
    connections(results),
    slaves(results),
    sizes(results),
    failovers(results),
    neighbours(results),
  ].filter((section) => section !== null);
}

export const asText = (results: Results): string =>
  sectionsOf(results)
    .map(({ title, head, rows }) => `${title}\n\n${textTable(head, rows)}\n`)
    .join("\n");

export const asMarkdown = (results: Results): string =>
  sectionsOf(results)
    .map(({ title, head, rows }) => `### ${title}\n\n${markdownTable(head, rows)}\n`)
    .join("\n");

function goals(results: Results): Section {
  const rows = goalsOf(results).map(({ what, unit, plain, service, ratio, goal, met }) => [
    `${what} (${unit})`,
    plain ?? "",
    service,
    ratio === null ? "" : `${figure(ratio)}x`,
    goal,
    goal === "" ? "" : met ? "met" : "NOT MET",
  ]);
  return { title: "Goals", head: ["figure", "plain", "service", "ratio", "goal", ""], rows };
}

function headlineRuns({ headline: found }: Results): Section | null {
  if (found === undefined) return null;
  const row = (name: string, { plain, service }: Pair) =>
    [
      [`${name}, plain`, ...latencies(plain), plain.runs.map(figure).join(" ")],
      [`${name}, service`, ...latencies(service), service.runs.map(figure).join(" ")],
    ] as const;
  return {
    title: "64 connections, 1 slave, each run",
    head: ["", "per second", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "errors", "runs"],
    rows: [...row("reads", found.reads), ...row("durable writes", found.writes)],
  };
}

const latencies = (summary: Summary): readonly Cell[] => [
  summary.perSecond,
  summary.p50Ms,
  summary.p90Ms,
  summary.p99Ms,
  summary.p999Ms,
  summary.errors + summary.wrong,
];

function cpu({ headline: found }: Results): Section | null {
  if (found === undefined) return null;
  const columns = [
    ["reads, plain", found.reads.plain],
    ["reads, service", found.reads.service],
    ["writes, plain", found.writes.plain],
    ["writes, service", found.writes.service],
  ] as const;
  const names = [...new Set(columns.flatMap(([, summary]) => Object.keys(summary.cpu)))].sort();
  const rows = names
    .map((name) => [name, ...columns.map(([, summary]) => summary.cpu[name] ?? "")])
    .filter((row) => row.some((cell) => typeof cell === "number" && cell >= 0.5));
  return {
    title: "Processor time at those loads, % of one core",
    head: ["process", ...columns.map(([name]) => name)],
    rows,
  };
}

function sql({ sql: found }: Results): Section | null {
  if (found === undefined) return null;
  const row = (name: string, summary: Summary) => [
    name,
    ...latencies(summary),
    summary.runs.map(figure).join(" "),
  ];
  return {
    title: "One row by its key, 64 connections: row forms and SQL",
    head: ["", "per second", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "errors", "runs"],
    rows: [
      row("reads, row form", found.reads.rows),
      row("reads, SQL", found.reads.sql),
      row("durable writes, row form", found.writes.rows),
      row("durable writes, SQL", found.writes.sql),
    ],
  };
}

function steady({ steady: found }: Results): Section | null {
  if (found === undefined) return null;
  return {
    title: "At a fixed rate (open loop: latency counts from when a request was due)",
    head: ["", "per second", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "errors"],
    rows: found.map(({ kind, part, summary }) => [
      `${kind} at ${part * 100} % of the limit`,
      ...latencies(summary),
    ]),
  };
}

function connections({ connections: found }: Results): Section | null {
  if (found === undefined) return null;
  return {
    title: "Against connections",
    head: [
      "connections",
      "plain reads/s",
      "reads/s",
      "p50 ms",
      "p99 ms",
      "plain writes/s",
      "writes/s",
      "p50 ms",
      "p99 ms",
    ],
    rows: found.map(({ connections: count, reads, writes }) => [
      String(count),
      reads.plain.perSecond,
      reads.service.perSecond,
      reads.service.p50Ms,
      reads.service.p99Ms,
      writes.plain.perSecond,
      writes.service.perSecond,
      writes.service.p50Ms,
      writes.service.p99Ms,
    ]),
  };
}

function slaves({ slaves: found }: Results): Section | null {
  if (found === undefined) return null;
  return {
    title: "Against slaves, 64 connections",
    head: ["slaves", "reads/s", "p99 ms", "writes/s", "p99 ms"],
    rows: found.map(({ slaves: count, reads, writes }) => [
      String(count),
      reads.perSecond,
      reads.p99Ms,
      writes.perSecond,
      writes.p99Ms,
    ]),
  };
}

function sizes({ sizes: found }: Results): Section | null {
  if (found === undefined) return null;
  return {
    title: "Against rows, 64 connections",
    head: ["rows", "reads/s", "p99 ms", "writes/s", "p99 ms", "one more slave ms"],
    rows: found.map(({ rows, reads, writes, newSlaveMs }) => [
      rows.toLocaleString("en-US"),
      reads.perSecond,
      reads.p99Ms,
      writes.perSecond,
      writes.p99Ms,
      newSlaveMs,
    ]),
  };
}

function failovers({ sizes: found }: Results): Section | null {
  if (found === undefined) return null;
  return {
    title: "Losing the master",
    head: ["rows, how", "no write answered for ms", "whole again ms", "writes sent", "failed"],
    rows: found.flatMap(({ rows, failovers: all }) =>
      all.map(({ how, gapMs, wholeMs, writes, failed }) => [
        `${rows.toLocaleString("en-US")}, ${how}`,
        gapMs,
        wholeMs,
        writes,
        failed,
      ]),
    ),
  };
}

function neighbours({ neighbours: found }: Results): Section | null {
  if (found === undefined) return null;
  return {
    title: "100 quick reads and 100 quick writes a second, beside other clients",
    head: [
      "beside",
      "reads/s",
      "p50 ms",
      "p99 ms",
      "errors",
      "writes/s",
      "p50 ms",
      "p99 ms",
      "errors",
      "the others were told",
    ],
    rows: found.map(({ name, reads, writes, answers }) => [
      name,
      reads.perSecond,
      reads.p50Ms,
      reads.p99Ms,
      reads.errors + reads.wrong,
      writes.perSecond,
      writes.p50Ms,
      writes.p99Ms,
      writes.errors + writes.wrong,
      answers.map(statuses).join("; "),
    ]),
  };
}

const statuses = (answers: Readonly<Record<string, number>>): string =>
  Object.entries(answers)
    .map(([status, times]) => `${times} x ${status === "0" ? "closed" : status}`)
    .join(", ");
