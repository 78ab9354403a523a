// PURE: rows of cells as aligned text.

export type Cell = string | number | boolean | null | undefined;

const cellMax = 80;
const gap = "  ";

/** Line breaks and control characters of data must not break the table, nor reach the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const control = /[\u0000-\u001f\u007f-\u009f]/g;

const textOf = (cell: Cell): string => {
  const text = cell === null || cell === undefined ? "-" : String(cell);
  return text.replace(control, (found) => JSON.stringify(found).slice(1, -1));
};

const shortened = (text: string): string => (text.length > cellMax ? `${text.slice(0, cellMax - 1)}…` : text);

/** The last column may be as long as it likes. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const last = head.length - 1;
  const lines = [head, ...rows].map((row) =>
    head.map((_, i) => (i === last ? textOf(row[i]) : shortened(textOf(row[i])))),
  );
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, i) => (i === last ? text : text.padEnd(widths[i] ?? 0)))
        .join(gap)
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}
