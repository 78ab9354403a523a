// PURE: the answer to a statement as text.

import { toJson } from "../../client/json.ts";
import { csvLine, type Field } from "../data/csv.ts";
import { asJson, asYaml } from "../output.ts";
import { type Cell, table } from "../table.ts";

export const modes = ["table", "json", "yaml", "csv"] as const;
export type Mode = (typeof modes)[number];

export interface SqlResult {
  readonly columns: readonly { readonly name: string }[];
  readonly rows: readonly (readonly unknown[])[];
  /** Of a write. */
  readonly change?: Change | undefined;
}

export interface Change {
  readonly rowsAffected: number;
  readonly lastInsertRowid?: number | undefined;
  /** The write's place in the log. */
  readonly position: number;
}

const counted = (count: number): string => (count === 1 ? "1 row" : `${count} rows`);

export function printed({ columns, rows, change }: SqlResult, mode: Mode): string {
  const names = columns.map(({ name }) => name);
  switch (mode) {
    case "csv":
      return columns.length === 0
        ? ""
        : [csvLine(names), ...rows.map((row) => csvLine(row.map(fieldOf)))].join("");
    case "json":
      return asJson(plainOf({ columns, rows, change }));
    case "yaml":
      // A script has several answers, each a document of its own.
      return `---\n${asYaml(plainOf({ columns, rows, change }))}`;
    case "table":
      if (columns.length === 0)
        return change === undefined ? "" : `${counted(change.rowsAffected)} changed\n`;
      return `${table(
        names,
        rows.map((row) => row.map(cellOf)),
      )}${counted(rows.length)}\n`;
  }
}

/** Rows as objects; of a write that returns none what it did. */
function plainOf({ columns, rows, change }: SqlResult): unknown {
  if (columns.length > 0 || change === undefined)
    return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i]])));
  const { lastInsertRowid, ...rest } = change;
  return lastInsertRowid === undefined ? rest : { ...rest, lastInsertRowid };
}

const cellOf = (value: unknown): Cell => {
  if (value === null) return "NULL";
  return typeof value === "object" && value !== null ? toJson(value) : (value as Cell);
};

function fieldOf(value: unknown): Field {
  if (value === null || value === undefined) return null;
  return typeof value === "object" ? String((value as { readonly base64?: unknown }).base64) : String(value);
}
