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

/** What a client may have made in SQL: a table without a key is read in the order of its row numbers. */
export async function digestedBySql(connection: Pick<Connection, "all">, name: string): Promise<Digested> {
  const columns = await connection.all(
    "SELECT name, pk FROM pragma_table_info(?1) AS _dbaas_column ORDER BY pk, cid",
    name,
  );
  const [table] = await connection.all("SELECT wr AS isByKey FROM pragma_table_list(?1) LIMIT 1", name);
  const key = columns.filter(({ pk }) => Number(pk) > 0).map((column) => String(column.name));
  return {
    name,
    columns: columns.map((column) => ({ name: String(column.name) })),
    primaryKey: table?.isByKey === 1 ? key : ["rowid"],
  };
}

/** What SQL of clients has made, in words of SQL. Nothing where it has made nothing. */
export async function digestOfDefinitions(
  connection: Pick<Connection, "all">,
  manifests: readonly string[],
): Promise<Digest | undefined> {
  const definitions = await connection.all(
    `SELECT type, name, tbl_name, sql FROM sqlite_schema
      WHERE name NOT LIKE '%\\_dbaas%' ESCAPE '\\' AND name <> 'sqlite_sequence' AND name NOT LIKE '%index on %'
        AND NOT (type <> 'trigger' AND (type = 'table' OR sql IS NULL) AND tbl_name IN (SELECT value FROM json_each(?1)))
      ORDER BY type, name`,
    JSON.stringify(manifests),
  );
  if (definitions.length === 0) return undefined;
  const sha256 = createHash("sha256").update(JSON.stringify(definitions)).digest("hex");
  return { rows: definitions.length, sha256 };
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
