import assert from "node:assert/strict";
import { test } from "node:test";
import { chartsOf } from "../../../../tools/bench/report/charts.ts";
import { goalsOf, growth } from "../../../../tools/bench/report/goals.ts";
import type { Machine, Results } from "../../../../tools/bench/report/results.ts";
import { median, type Summary, summarise } from "../../../../tools/bench/report/summary.ts";
import { barChart, linearTicks, lineChart, logTicks } from "../../../../tools/bench/report/svg.ts";
import { figure, markdownTable, textTable } from "../../../../tools/bench/report/table.ts";
import { asMarkdown, asText } from "../../../../tools/bench/report/text.ts";
import type { Measurement } from "../../../../tools/bench/world/generator.ts";

const summary = (change: Partial<Summary> = {}): Summary => ({
  perSecond: 100,
  p50Ms: 1,
  p90Ms: 2,
  p99Ms: 3,
  p999Ms: 4,
  errors: 0,
  wrong: 0,
  firstTrouble: null,
  cpu: { api: 50, "w-1": 20 },
  residentMb: {},
  runs: [100],
  ...change,
});

const machine: Machine = { processor: "p", cores: 2, memoryMb: 1, kernel: "k", node: "n", loadBefore: 0 };
const empty: Results = { madeAt: "now", mode: "short", machine };

const pair = (plain: number, service: number) => ({
  plain: summary({ perSecond: plain }),
  service: summary({ perSecond: service }),
});

const complete: Results = {
  ...empty,
  headline: { reads: pair(1_000, 10_000), writes: pair(300, 4_700) },
  lone: { reads: pair(500, 800), writes: pair(200, 300) },
  sql: {
    reads: { rows: summary({ perSecond: 100 }), sql: summary({ perSecond: 91 }) },
    writes: { rows: summary({ perSecond: 100 }), sql: summary({ perSecond: 80 }) },
  },
  steady: [{ kind: "reads", part: 0.5, ratePerSecond: 50, summary: summary() }],
  connections: [1, 64].map((connections) => ({ connections, reads: pair(1, 2), writes: pair(3, 4) })),
  slaves: [{ slaves: 1, reads: summary(), writes: summary() }],
  neighbours: [
    { name: "none", reads: summary(), writes: summary(), answers: [] },
    {
      name: "slow reads",
      reads: summary({ p99Ms: 90 }),
      writes: summary({ p99Ms: 700 }),
      answers: [{ 422: 9, 0: 1 }],
    },
  ],
  replay: {
    plain: { records: 10, rows: 10, ms: 2, rowsPerSecond: 5_000 },
    service: { records: 10, rows: 100, ms: 1, rowsPerSecond: 100_000 },
    serviceBulk: { records: 10, rows: 1_000, ms: 5, rowsPerSecond: 200_000 },
  },
  sizes: [1_000, 10_000].map((rows) => ({
    rows,
    reads: summary(),
    writes: summary(),
    failovers: [{ how: "kill", gapMs: 300, wholeMs: 2_000, writes: 500, failed: 0 }],
    newSlaveMs: 1_500,
    workersMb: { "w-1": 90 },
  })),
  memory: {
    rows: 1_000,
    connections: 256,
    minutes: 10,
    samples: [1, 2].map((second) => ({ second, megabytes: { api: 90, "w-1": 160, zookeeper: 999 } })),
    load: summary(),
  },
  controller: {
    idleCpu: { controller: 0.5, api: 3 },
    simulatedWorkers: 50,
    cycleP50Ms: 2,
    cycleMaxMs: 9,
    cycles: 200,
  },
};

test("the median of an even number is one that was really measured", () => {
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([4, 1, 3, 2]), 2);
});

test("a summary takes the median throughput, and the processors of that very run", () => {
  const run = (perSecond: number, p99Ms: number): Measurement => ({
    load: {
      answered: 1,
      perSecond,
      seconds: 1,
      latency: { p50Ms: 1, p90Ms: 1, p99Ms, p999Ms: 1, maxMs: 1, meanMs: 1 },
      errors: 1,
      checked: 1,
      wrong: 0,
      firstTrouble: null,
      succeeded: 1,
      ownCpuPercent: 1,
      unsent: 0,
    },
    cpu: { api: perSecond / 10 },
    resident: { api: 3 * 1024 * 1024 },
  });
  const found = summarise([run(300, 7), run(100, 9), run(200, 8)]);
  assert.equal(found.perSecond, 200);
  assert.equal(found.p99Ms, 8);
  assert.deepEqual(
    [found.cpu, found.residentMb, found.errors, found.runs],
    [{ api: 20 }, { api: 3 }, 3, [300, 100, 200]],
  );
});

test("a goal is met only when every part of it is", () => {
  const [reads, writes] = goalsOf(complete);
  assert.deepEqual([reads?.ratio, reads?.met], [10, true]);
  // 4,700 a second are enough, 15.7 times plain mode are not.
  assert.equal(writes?.met, false);
  assert.equal(writes?.goal, ">= 16x plain, >= 4000");
});

test("SQL is held against the row forms of the same run", () => {
  const inSql = goalsOf(complete).filter(({ what }) => what.includes("SQL"));
  assert.deepEqual(
    inSql.map(({ service, met }) => [service, met]),
    [
      [0.91, true],
      [0.8, false],
    ],
  );
});

test("goals of scenarios that did not run are left out", () => {
  assert.deepEqual(goalsOf(empty), []);
});

test("memory is judged by the API and the workers alone", () => {
  const memory = goalsOf(complete).filter(({ what }) => what.startsWith("memory"));
  assert.deepEqual(
    memory.map(({ service, met }) => [service, met]),
    [
      [160, false],
      [90, true],
    ],
  );
});

test("growth is what comes after the warm-up, whoever grew most", () => {
  const samples = Array.from({ length: 50 }, (_, i) => ({
    second: i,
    megabytes: { api: i < 10 ? 50 : 90, "w-1": i < 10 ? 50 : 80 + i, rabbitmq: i * 100 },
  }));
  assert.equal(growth(samples), 30);
});

test("figures keep three digits", () => {
  assert.deepEqual([0.123456, 12.3456, 1234.56, Number.NaN].map(figure), ["0.12", "12.3", "1,235", "-"]);
});

test("tables line up in a terminal and are tables in Markdown", () => {
  const rows = [
    ["one", 1],
    ["twenty", 20],
  ] as const;
  assert.equal(textTable(["what", "n"], rows), "what     n\n------  --\none      1\ntwenty  20");
  assert.equal(
    markdownTable(["what", "n"], rows),
    "| what | n |\n| --- | ---: |\n| one | 1 |\n| twenty | 20 |",
  );
});

test("the report names every scenario that ran, and says so plainly when a goal is not met", () => {
  const text = asText(complete);
  for (const title of ["Goals", "Against connections", "Against slaves", "Against rows", "Losing the master"])
    assert.match(text, new RegExp(`^${title}`, "m"));
  assert.match(text, /durable writes, 64 connections.*NOT MET/);
  assert.match(asMarkdown(complete), /^### Goals$/m);
  assert.equal(asText(empty).includes("Against"), false);
});

test("axis ticks are round numbers that reach the largest value", () => {
  assert.deepEqual(linearTicks(9_300), [0, 2_500, 5_000, 7_500, 10_000]);
  assert.deepEqual(linearTicks(0), [0, 1]);
  assert.deepEqual(logTicks(3, 900), [1, 10, 100, 1_000]);
});

test("every chart is well-formed: its tags are closed, and no coordinate is missing", () => {
  const charts = chartsOf(complete);
  assert.ok(charts.length >= 8);
  for (const { file, svg } of charts) {
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/, file);
    const open = [...svg.matchAll(/<(\w+)(?:\s[^>]*[^/])?>/g)].map(([, name]) => name);
    const closed = [...svg.matchAll(/<\/(\w+)>/g)].map(([, name]) => name);
    assert.deepEqual(open.toSorted(), closed.toSorted(), file);
  }
});

test("a higher value is drawn higher", () => {
  const points = [
    { x: 1, y: 10 },
    { x: 10, y: 90 },
  ];
  const svg = lineChart({
    title: "t",
    xLabel: "x",
    yLabel: "y",
    xScale: "log",
    lines: [{ name: "a", points }],
  });
  const [first, second] = [...svg.matchAll(/cy="([\d.]+)"/g)].map(([, y]) => Number(y));
  assert.ok((first ?? 0) > (second ?? 0));
});

test("text in a chart cannot end an element", () => {
  const groups = [{ name: '<script>&"', bars: [{ name: "b", value: 1 }] }];
  const svg = barChart({ title: "a < b", yLabel: "y", groups });
  assert.match(svg, /&lt;script&gt;&amp;&quot;/);
  assert.doesNotMatch(svg, /<script>/);
});

test("quick requests that are not answered do not count as quick", () => {
  const beside = (reads: Summary) => ({
    ...empty,
    neighbours: [{ name: "slow reads", reads, writes: summary(), answers: [] }],
  });
  const met = (results: Results) => goalsOf(results).map((goal) => goal.met);
  assert.deepEqual(met(beside(summary({ p99Ms: 90 }))), [true, true]);
  assert.deepEqual(met(beside(summary({ p99Ms: 900 }))), [false, true]);
  assert.deepEqual(met(beside(summary({ p99Ms: 0, perSecond: 3 }))), [false, true]);
});
