// `export`: the rows of tables as CSV, as lines of JSON, or as SQL, page by page in the order of their keys. Each page is of one moment;
// what is to be of one moment as a whole is a backup.
import { toJson } from "../../client/json.ts";
import { quoted, quotedList } from "../../core/schema.ts";
import { CliError, exitCodes } from "../exit.ts";
import { csvLine, type Field } from "./csv.ts";
import { Progress } from "./progress.ts";
import type { Service } from "./service.ts";
import { SqliteFile } from "./sqlite-file.ts";
import { columnsOf, type FileTable, inOrder, keyOf } from "./tables.ts";

export type ExportFormat = "csv" | "ndjson" | "sql";

export interface Exporting {
  readonly service: Service;
  readonly out: (text: string) => Promise<void>;
}

const pageRowsMax = 2_000;

/** @param table undefined for all of them */
export async function exportTables(
  { service, out }: Exporting,
  table: string | undefined,
  format: ExportFormat,
): Promise<void> {
  const tables = SqliteFile.tablesOf((await service.tables()).map(({ sql }) => sql));
  const chosen = inOrder(
    table === undefined ? tables : tables.filter(({ name }) => name.toLowerCase() === table.toLowerCase()),
  );
  if (table !== undefined && chosen.length === 0)
    throw new CliError(exitCodes.notFound, `there is no table ${table}`);
  if (table === undefined && format === "csv")
    throw new CliError(exitCodes.usage, "a file of CSV has one table: --all is for ndjson and sql");
  const progress = new Progress("exporting", undefined);
  for (const { table: one } of chosen) {
    if (format === "csv") await out(csvLine(one.columns.map(({ name }) => name)));
    for await (const rows of pages(service, one, format)) {
      await out(rows.map((row) => lineOf(one, row, format, table === undefined)).join(""));
      await progress.add(rows.length);
    }
  }
  await progress.end();
}

type Row = readonly unknown[];

/** The columns of each row, for SQL as literals; in the order of the keys. */
async function* pages(
  service: Service,
  table: FileTable,
  format: ExportFormat,
): AsyncGenerator<readonly Row[], void> {
  const keys = table.rowid === undefined ? keyOf(table) : [table.rowid];
  const columns = format === "sql" ? columnsOf(table) : table.columns.map(({ name }) => name);
  const shown = columns
    .map((name) => (format === "sql" ? `quote(${quoted(name)})` : quoted(name)))
    .join(", ");
  const order = quotedList(keys);
  let limit = pageRowsMax;
  let after: readonly unknown[] | undefined;
  for (;;) {
    const where = after === undefined ? "" : `WHERE (${order}) > (${keys.map(() => "?").join()})`;
    const sql = `SELECT ${order}, ${shown} FROM ${quoted(table.name)} ${where} ORDER BY ${order} LIMIT ${limit}`;
    const rows = await page(service, sql, after ?? []);
    if (rows === undefined && limit > 1) {
      limit = Math.ceil(limit / 8);
      continue;
    }
    if (rows === undefined)
      throw new CliError(exitCodes.failed, `a row of ${table.name} is too large for an answer`);
    if (rows.length > 0) yield rows.map((row) => row.slice(keys.length));
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    after = last
      .slice(0, keys.length)
      .map((value) => (typeof value === "bigint" ? { integer: String(value) } : value));
  }
}

/** @returns undefined when the answer would be too large */
async function page(service: Service, sql: string, params: Row): Promise<readonly Row[] | undefined> {
  try {
    return (await service.query(sql, params)).rows;
  } catch (error) {
    if (error instanceof CliError && /too large|larger than|at most .* bytes/i.test(error.message))
      return undefined;
    throw error;
  }
}

function lineOf(table: FileTable, row: Row, format: ExportFormat, isNamed: boolean): string {
  if (format === "sql")
    return `INSERT INTO ${quoted(table.name)} (${quotedList(columnsOf(table))}) VALUES (${row.join(", ")});\n`;
  if (format === "csv") return csvLine(row.map(fieldOf));
  const values = Object.fromEntries(table.columns.map(({ name }, i) => [name, row[i]]));
  return `${toJson(isNamed ? { table: table.name, row: values } : values)}\n`;
}

/** A blob in base64. */
function fieldOf(value: unknown): Field {
  if (value === null || value === undefined) return null;
  if (typeof value === "object")
    return String((value as { readonly base64?: unknown }).base64 ?? JSON.stringify(value));
  return String(value);
}
