// Empties every table: the manifest's, and those that SQL of clients has made.
import type { Schema } from "../../core/schema.ts";
import type { Connection } from "../disk.ts";
import { clearSql } from "../sql/shape-sql.ts";
import { tablesBySql } from "./made-by-sql.ts";

/** No trigger goes off: what it would write would be left. */
export async function clearAll(connection: Connection, schema: Schema): Promise<void> {
  const bySql = await tablesBySql(connection, schema);
  await heedTriggers(connection, false);
  try {
    await connection.exec(clearSql(schema, bySql));
  } finally {
    await heedTriggers(connection, true);
  }
}

const heedTriggers = (connection: Connection, on: boolean): Promise<unknown> =>
  connection.all("SELECT dbaas_triggers(?1)", on ? 1 : 0);
