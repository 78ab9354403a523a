// `node dist/worker/inspect.js [DATA_DIR] [SQL]`: what a worker's file holds, read beside the running worker. Two copies at
// one position print the same line; with SQL it prints the rows of a query instead. For operators and for tests.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { emptySchema, type Schema } from "../protocol/schema.ts";
import { quoted, quotedList } from "./sql/schema-sql.ts";
import { Connection } from "./sqlite.ts";

const pageRows = 20_000;

async function main(directory: string, sql: string | undefined): Promise<void> {
  const connection = await Connection.open(join(directory, "data.db"), "read");
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
  const tables: Record<string, { rows: number; sha256: string }> = {};
  const named = [...schema.tables, { name: "_dbaas_keys", primaryKey: ["key"] }];
  for (const { name, primaryKey } of named) tables[name] = await digest(connection, name, primaryKey);
  print({ position, epoch, tables });
}

async function digest(connection: Connection, table: string, primaryKey: readonly string[]) {
  const hash = createHash("sha256");
  let rows = 0;
  for (;;) {
    const page = await connection.all(
      `SELECT * FROM ${quoted(table)} ORDER BY ${quotedList(primaryKey)} LIMIT ?1 OFFSET ?2`,
      pageRows,
      rows,
    );
    for (const row of page) hash.update(`${JSON.stringify(row)}\n`);
    rows += page.length;
    if (page.length < pageRows) return { rows, sha256: hash.digest("hex") };
  }
}

const print = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

await main(process.argv[2] ?? "/data", process.argv[3]);
