// PURE. The report's tables.
import type { Figures } from "./gaps.ts";

const widths = { first: 36, other: 8, between: 2 } as const;

/** The first column is as wide as a fault's name, the others as their heading where that is long. */
export const cell = (text: string, column: number): string =>
  column === 0
    ? text.padEnd(widths.first)
    : text.padStart(text.length > widths.other ? text.length + widths.between : widths.other);

/** Every column as wide as its widest cell. */
export function inColumns(rows: readonly (readonly string[])[]): readonly string[] {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) =>
    row
      .map((text, column) =>
        column === 0 ? text.padEnd(width(0)) : text.padStart(width(column) + widths.between),
      )
      .join(""),
  );
}

const figure = (ms: number): string => (Number.isFinite(ms) ? ms.toFixed(0) : "-");

export const numberCells = ({ p50, p95, max }: Figures): readonly string[] => [p50, p95, max].map(figure);
