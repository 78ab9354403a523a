// `node worker/copy/inspect.ts [DATA_DIR] [SQL]`: what a worker's file holds, read beside the running worker. Two copies at
// one position print the same line; with SQL it prints the rows of a query instead. For operators and for tests.
import { join } from "node:path";
import { emptySchema, type Schema } from "../../core/schema.ts";
import { openSqlite } from "../sqlite.ts";
import { type Digest, digest, digestedBySql, digestOfDefinitions } from "./digest.ts";
import { tablesBySql } from "./made-by-sql.ts";

const keysTable = {
  name: "_dbaas_keys",
  primaryKey: ["key"],
  columns: ["key", "hash", "answer"].map((name) => ({ name })),
};

async function main(directory: string, sql: string | undefined): Promise<void> {
  const connection = await openSqlite(join(directory, "data.db"), "read");
  if (sql !== undefined) return print(await connection.all(sql));
  // One read transaction: the position and the rows are of one moment.
  await connection.exec("BEGIN");
  const meta = new Map(
    (await connection.all("SELECT name, value FROM _dbaas_meta")).map((row) => [row.name, String(row.value)]),
  );
  const schema = JSON.parse(meta.get("schema") ?? JSON.stringify(emptySchema)) as Schema;
  const { position, epoch } = JSON.parse(meta.get("applied") ?? "{}") as {
    position?: number;
    epoch?: number;
  };
  const tables: Record<string, Digest> = {};
  const bySql = await tablesBySql(connection, schema);
  const made = await Promise.all(bySql.map((name) => digestedBySql(connection, name)));
  for (const table of [...schema.tables, ...made, keysTable])
    tables[table.name] = await digest(connection, table);
  const names = schema.tables.map(({ name }) => name);
  const definitions = await digestOfDefinitions(connection, names);
  if (definitions !== undefined) tables.sqlite_schema = definitions;
  print({ position, epoch, tables });
}

const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

await main(process.argv[2] ?? "/data", process.argv[3]);
