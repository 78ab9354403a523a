// Plain mode's slave: applies the log a record at a time, and answers reads one at a time.
import type { ConsumeMessage } from "amqplib";
import { answer, type Broker, plainQueues } from "./broker.ts";
import type { Database } from "./database.ts";
import type { Insert } from "./master.ts";

interface Read {
  readonly table: string;
  readonly columns?: readonly string[];
  readonly where?: Readonly<Record<string, string | number>>;
  readonly count?: true;
}

const logPrefetch = 100;

export async function runSlave(broker: Broker, database: Database): Promise<void> {
  await followLog(broker, database, () => undefined);
  const { channel } = broker;
  await channel.prefetch(1);
  await channel.consume(plainQueues.read, async (message) => {
    if (message === null) return;
    const read = JSON.parse(message.content.toString()) as Read;
    answer(broker, message, { result: await query(database, read) });
  });
}

async function query(database: Database, { table, columns, where, count }: Read): Promise<unknown> {
  if (count) return database.all(`SELECT count(*) AS count FROM ${table}`, []);
  const conditions = Object.keys(where ?? {}).map((column) => `${column} = ?`);
  const condition = conditions.length > 0 ? ` WHERE ${conditions.join(" AND ")}` : "";
  const sql = `SELECT ${columns?.join(", ") ?? "*"} FROM ${table}${condition}`;
  return database.all(sql, Object.values(where ?? {}));
}

/** Applies every record after the one that the database holds, in order. @source `onApplied` gets the rows of each */
export async function followLog(
  { channel }: Broker,
  database: Database,
  onApplied: (rows: number) => void,
): Promise<void> {
  const [place] = await database.all("SELECT at FROM log_place WHERE id = 1", []);
  await channel.prefetch(logPrefetch);
  let last: Promise<void> = Promise.resolve();
  const onRecord = (message: ConsumeMessage | null) => {
    if (message === null) return;
    last = last.then(async () => {
      onApplied(await apply(database, message));
      channel.ack(message);
    });
  };
  const offset = place === undefined ? "first" : Number(place.at) + 1;
  await channel.consume(plainQueues.sync, onRecord, { arguments: { "x-stream-offset": offset } });
}

async function apply(database: Database, message: ConsumeMessage): Promise<number> {
  const { table, rows } = JSON.parse(message.content.toString()) as Insert;
  await database.transaction(async () => {
    await database.insert(table, rows);
    await database.run("INSERT INTO log_place VALUES (1, ?) ON CONFLICT DO UPDATE SET at = excluded.at", [
      Number(message.properties.headers?.["x-stream-offset"]),
    ]);
  });
  return rows.length;
}
