// PURE. One host beside three: what was measured, as a table.
import type { Summary } from "../report/summary.ts";
import { type Cell, markdownTable, textTable } from "../report/table.ts";

/** spread: the same connections, over the APIs of all three hosts. */
export interface Row {
  readonly load: string;
  /** Of what is compared: more is better of requests, less of times. */
  readonly figure: "perSecond" | "p50Ms";
  readonly one: Summary;
  readonly three: Summary;
  readonly spread: Summary | null;
}

const head = ["", "one host", "three hosts", "ratio", "over three APIs", "ratio"];

const cellsOf = ({ load, figure, one, three, spread }: Row): readonly Cell[] => [
  `${load} (${figure === "perSecond" ? "/s" : "p50, ms"})`,
  one[figure],
  three[figure],
  `${(three[figure] / one[figure]).toFixed(2)}x`,
  spread === null ? "" : spread[figure],
  spread === null ? "" : `${(spread[figure] / one[figure]).toFixed(2)}x`,
];

export const asText = (rows: readonly Row[]): string => textTable(head, rows.map(cellsOf));
export const asMarkdown = (rows: readonly Row[]): string => markdownTable(head, rows.map(cellsOf));
