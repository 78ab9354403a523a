// PURE: rows of cells as aligned text.
import { cutTo, padTo, visible, widthOf } from "./display.ts";

export type Cell = string | number | bigint | boolean | null | undefined;

const cellMax = 80;
const gap = "  ";

/** What data holds must not break the table, nor reach the terminal as anything but text. */
const textOf = (cell: Cell): string => (cell === null || cell === undefined ? "-" : visible(String(cell)));

/** The last column may be as long as it likes. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const last = head.length - 1;
  const lines = [head, ...rows].map((row) =>
    head.map((_, i) => (i === last ? textOf(row[i]) : cutTo(textOf(row[i]), cellMax))),
  );
  const widths = head.map((_, i) =>
    i === last ? 0 : lines.reduce((widest, line) => Math.max(widest, widthOf(line[i] ?? "")), 0),
  );
  return lines
    .map((line) => line.map((text, i) => padTo(text, widths[i] ?? 0)).join(gap))
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}
