// PURE. How long no write was acknowledged, by what was lost: a host with the master on it, the broker that leads the log, and so
// on. A fault counts under everything that went with it.
import { inColumns, numberCells } from "./cells.ts";
import { figuresOf, type Gap } from "./gaps.ts";

export function lossTable(gaps: readonly Gap[]): readonly string[] {
  const names = [...new Set(gaps.flatMap(({ strike }) => strike.lost))].sort();
  if (names.length === 0) return [];
  const rows = names.map((name) =>
    lossRow(
      name,
      gaps.filter(({ strike }) => strike.lost.includes(name)),
    ),
  );
  const head = [
    "",
    "faults",
    "no write p50",
    "p95",
    "max",
    "first p50",
    "p95",
    "max",
    "whole p50",
    "p95",
    "max",
  ];
  return [
    "by what was lost, in ms: the longest time without an acknowledged write; the first answer to a write sent after the loss; from",
    "the return of what was lost until all was as desired:",
    ...inColumns([head, ...rows]),
  ];
}

function lossRow(name: string, gaps: readonly Gap[]): readonly string[] {
  const still = figuresOf(gaps.map(({ stillMs }) => stillMs));
  const first = figuresOf(gaps.flatMap(({ firstWriteMs }) => firstWriteMs ?? []));
  const whole = figuresOf(
    gaps.flatMap(({ strike: { backAtMs, healedAtMs } }) =>
      backAtMs === null || healedAtMs === null ? [] : [healedAtMs - backAtMs],
    ),
  );
  return [name, String(gaps.length), ...[still, first, whole].flatMap(numberCells)];
}
