// What a table holds, in one line. Two copies that hold the same give the same. Read in pages that are bounded in bytes: it runs
// beside a worker, in the memory of the worker's container.
import { createHash } from "node:crypto";
import { quoted, quotedList } from "../../core/schema.ts";
import type { Connection } from "../disk.ts";

export const pageLimits = { rowsMax: 20_000, charactersMax: 4 * 1024 * 1024 } as const;

export interface Digest {
  readonly rows: number;
  readonly sha256: string;
}

export interface Digested {
  readonly name: string;
  readonly columns: readonly { readonly name: string }[];
  readonly primaryKey: readonly string[];
}

export async function digest(connection: Pick<Connection, "all">, table: Digested): Promise<Digest> {
  const hash = createHash("sha256");
  const [page, fitting] = [pageSql(table), fittingSql(table)];
  for (let rows = 0; ; ) {
    const [fit] = await connection.all(fitting, pageLimits.rowsMax, rows, pageLimits.charactersMax);
    // One row at least, however large.
    const wanted = Math.max(1, Number(fit?.rows));
    const read = await connection.all(page, wanted, rows);
    for (const row of read) hash.update(`${JSON.stringify(row)}\n`);
    rows += read.length;
    if (read.length < wanted) return { rows, sha256: hash.digest("hex") };
  }
}

const fromSql = ({ name, primaryKey }: Digested): string =>
  `FROM ${quoted(name)} ORDER BY ${quotedList(primaryKey)} LIMIT ?1 OFFSET ?2`;

const pageSql = (table: Digested): string => `SELECT * ${fromSql(table)}`;

/** How many rows of the next page have no more characters than a page may. */
function fittingSql(table: Digested): string {
  const size = table.columns.map(({ name }) => `ifnull(length(${quoted(name)}), 0)`).join(" + ");
  const through = `SELECT sum(size) OVER (ROWS UNBOUNDED PRECEDING) AS through FROM (SELECT ${size} AS size ${fromSql(table)})`;
  return `SELECT count(*) AS rows FROM (${through}) WHERE through <= ?3`;
}
