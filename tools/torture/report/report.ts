// PURE. What a run has shown, as text.
import type { TortureArguments } from "../arguments.ts";
import type { Checked } from "../checkpoint.ts";
import type { History, Outcome, Violation } from "../history.ts";
import type { Step } from "../schedule.ts";
import { cell, numberCells } from "./cells.ts";
import { figuresOf, type Gap, type GapKind, gapsOf, type Strike } from "./gaps.ts";
import { lossTable } from "./losses.ts";

export interface Findings {
  readonly options: TortureArguments;
  readonly history: History;
  readonly strikes: readonly Strike[];
  readonly violations: readonly Violation[];
  readonly failures: readonly string[];
  readonly steps: readonly Step[];
  readonly checked: Checked | null;
  readonly tookMs: number;
}

const evidenceMax = 40;

export function reportOf(findings: Findings): string {
  const gaps = gapsOf(findings.strikes, findings.history.writes);
  return [
    ...summary(findings),
    "",
    ...gapTable(gaps),
    "",
    ...lossTable(gaps).flatMap((line, i, all) => (i === all.length - 1 ? [line, ""] : [line])),
    ...byFault(gaps),
    ...(findings.failures.length === 0
      ? []
      : ["", "faults that could not be done as planned:", ...findings.failures.map(indented)]),
    "",
    ...verdict(findings),
  ].join("\n");
}

function summary({ options, history, steps, checked, tookMs }: Findings): readonly string[] {
  const { writes, reads, transfers } = history;
  const ended = (wanted: Outcome) => transfers.filter(({ outcome }) => outcome === wanted).length;
  const acked = writes.filter(({ outcome }) => outcome === "acked");
  const repeated = acked.filter(({ troubles }) => troubles.length > 0).length;
  const refused = writes.filter(({ outcome }) => outcome === "refused").length;
  const unknown = writes.filter(({ outcome }) => outcome === "unknown").length;
  const answered = reads.filter(({ outcome }) => outcome === "acked").length;
  const kinds = new Set(steps.map(({ fault }) => fault)).size;
  const log = checked?.log;
  return [
    `seed ${options.seed}: ${(tookMs / 60_000).toFixed(1)} minutes, ${steps.length} faults of ${kinds} kinds, ${options.clients} clients`,
    `writes: ${acked.length} acknowledged (${repeated} of them not at the first attempt), ${refused} refused, ${unknown} unknown; reads: ${answered} of ${reads.length} answered`,
    `transactions: ${ended("acked")} committed, ${ended("refused")} undone, ${ended("unknown")} unknown`,
    `log: ${log?.counted ?? 0} records count, ${log?.stale ?? 0} stale, ${log?.repeated ?? 0} repeated, ${log?.epochs ?? 0} epochs; ${options.rows} rows of ballast`,
  ];
}

const kinds: readonly GapKind[] = ["killed master", "hung master", "switchover", "other"];

function gapTable(gaps: readonly Gap[]): readonly string[] {
  const rows = kinds.flatMap((kind) => {
    const some = gaps.filter(({ strike }) => strike.kind === kind);
    return some.length === 0 ? [] : [gapRow(kind, some)];
  });
  const replaced = gaps.flatMap(({ strike: { fault, atMs, replacedAtMs } }) =>
    replacements.has(fault) && replacedAtMs !== null ? [replacedAtMs - atMs] : [],
  );
  return [
    "until the first answer to a write sent after the fault, in ms:",
    ["", "faults", "p50", "p95", "max", "longest wait p50", "p95", "max", "failed requests"]
      .map(cell)
      .join(""),
    ...rows,
    ...(replaced.length === 0
      ? []
      : ["", `replacement serving after the death of a worker, in ms: ${inWords(replaced)}`]),
  ];
}

function gapRow(kind: string, gaps: readonly Gap[]): string {
  const first = figuresOf(gaps.flatMap(({ firstWriteMs }) => firstWriteMs ?? []));
  const worst = figuresOf(gaps.map(({ worstMs }) => worstMs));
  const failed = gaps.reduce((sum, gap) => sum + gap.failed, 0);
  return [kind, String(gaps.length), ...[first, worst].flatMap(numberCells), String(failed)]
    .map(cell)
    .join("");
}

/** Faults of which a worker dies and another comes in its place, with nothing else in the way. */
const replacements = new Set([
  "kill-master",
  "kill-master-idle",
  "kill-master-at-record",
  "crash-master",
  "kill-slave",
  "crash-slave",
  "lose-slave-and-file",
]);

function byFault(gaps: readonly Gap[]): readonly string[] {
  const names = [...new Set(gaps.map(({ strike }) => strike.fault))].sort();
  return [
    "by fault:",
    ...names.map((name) =>
      gapRow(
        name,
        gaps.filter(({ strike }) => strike.fault === name),
      ),
    ),
  ];
}

const inWords = (values: readonly number[]): string => {
  const { count, p50, p95, max } = figuresOf(values);
  return `${count} times, p50 ${p50.toFixed(0)}, p95 ${p95.toFixed(0)}, max ${max.toFixed(0)}`;
};

const indented = (line: string): string => `  ${line}`;

function verdict({ violations }: Findings): readonly string[] {
  if (violations.length === 0) return ["no violation"];
  const shown = violations
    .slice(0, evidenceMax)
    .map(({ rule, evidence }) => indented(`${rule}: ${evidence}`));
  return [`${violations.length} VIOLATIONS:`, ...shown];
}
