// PURE. Tables for a terminal and for Markdown.

export type Cell = string | number;

/** Three digits that matter, and no more. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

const text = (cell: Cell): string => (typeof cell === "number" ? figure(cell) : cell);

/** The first column is text and stands left, the others right. */
export function textTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [head, ...rows.map((row) => row.map(text))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  const padded = lines.map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [padded[0], rule, ...padded.slice(1)].map((line) => line?.trimEnd()).join("\n");
}

export function markdownTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const line = (cells: readonly Cell[]) => `| ${cells.map(text).join(" | ")} |`;
  const rule = `|${head.map((_, i) => (i === 0 ? " --- |" : " ---: |")).join("")}`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}
