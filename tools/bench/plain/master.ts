// Plain mode's master: one write at a time, each in a transaction of its own that commits once the log has its record.
import { answer, type Broker, plainQueues } from "./broker.ts";
import type { Database, Row } from "./database.ts";

export interface Insert {
  readonly table: string;
  readonly rows: readonly Row[];
}

export async function runMaster(broker: Broker, database: Database): Promise<void> {
  const { channel, confirming } = broker;
  await channel.prefetch(1);
  await channel.consume(plainQueues.write, async (message) => {
    if (message === null) return;
    const { table, rows } = JSON.parse(message.content.toString()) as Insert;
    try {
      await database.transaction(async () => {
        await database.insert(table, rows);
        confirming.sendToQueue(plainQueues.sync, Buffer.from(JSON.stringify({ table, rows })), {
          persistent: true,
        });
        await confirming.waitForConfirms();
      });
      answer(broker, message, { result: { rowsAffected: rows.length } });
    } catch (error) {
      answer(broker, message, { error: String(error) });
    }
  });
}
