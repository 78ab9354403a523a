// The idempotency keys of a copy: what was answered under each, in the same transaction as the data it speaks of. They
// come to every copy through the log, so a repeat is known to every future master.
//
// Keys are forgotten in the end, and a copy of a forgotten request may still stand in a queue. So forgetting leaves a floor:
// each API process numbers its messages, and the highest number among the forgotten keys of a process is kept. A request from
// a message at or below the floor whose key is not known comes too late and is never applied. No clock has a part in this.
import type { KeyEntry } from "../../core/log/record.ts";
import type { Connection } from "../disk.ts";

const keysDdl = `
  CREATE TABLE IF NOT EXISTS _dbaas_keys (
    key TEXT PRIMARY KEY, hash TEXT, ok INTEGER NOT NULL, answer TEXT NOT NULL,
    position INTEGER NOT NULL, at_ms INTEGER NOT NULL, own INTEGER NOT NULL, message TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS _dbaas_keys_by_age ON _dbaas_keys (own, at_ms);
  CREATE TABLE IF NOT EXISTS _dbaas_floors (
    sender TEXT PRIMARY KEY, number INTEGER NOT NULL, raised_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`;

/** API processes whose floors are kept: each start of the API makes a new one. */
const floorsMax = 1_024;

export interface KnownKey {
  readonly hash: string | null;
  readonly ok: boolean;
  readonly answer: string;
  readonly position: number;
}

/** A key that the API made itself: the id of its message, `#`, and a number. It need not outlive the request by much. */
const isOwn = (key: string): boolean => !key.startsWith("c:");

export interface PlacedKey {
  readonly entry: KeyEntry;
  readonly position: number;
  /** Log time. */
  readonly atMs: number;
}

/** Makes the tables where they are missing. A file of an earlier version has no `message` of its keys. */
export async function prepareKeys(connection: Connection): Promise<void> {
  await connection.exec(keysDdl);
  const columns = await connection.all("SELECT name FROM pragma_table_info('_dbaas_keys')");
  if (!columns.some(({ name }) => name === "message"))
    await connection.exec("ALTER TABLE _dbaas_keys ADD COLUMN message TEXT");
}

export async function recordKeys(connection: Connection, placed: readonly PlacedKey[]): Promise<void> {
  if (placed.length === 0) return;
  const rows = placed.map(({ entry, position, atMs }) => [
    entry.key,
    entry.hash ?? null,
    entry.ok ? 1 : 0,
    entry.answer,
    position,
    atMs,
    isOwn(entry.key) ? 1 : 0,
    entry.message ?? null,
  ]);
  await connection.run(
    `INSERT INTO _dbaas_keys (key, hash, ok, answer, position, at_ms, own, message)
     SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
     FROM json_each(?1)`,
    JSON.stringify(rows),
  );
}

/** What is known of these requests: the answers kept under their keys, and the floors of those who sent their messages. */
export async function lookUp(
  connection: Connection,
  keys: readonly string[],
  messages: readonly string[],
): Promise<{
  readonly known: ReadonlyMap<string, KnownKey>;
  /** Whether a request from this message came too late to be told from one that was forgotten. */
  readonly isLate: (message: string) => boolean;
}> {
  const senders = new Set(messages.map((message) => senderOf(message).sender));
  const rows = await connection.all(
    `SELECT key, hash, ok, answer, position FROM _dbaas_keys WHERE key IN (SELECT value FROM json_each(?1))
     UNION ALL
     SELECT sender, NULL, NULL, '', number FROM _dbaas_floors WHERE sender IN (SELECT value FROM json_each(?2))`,
    JSON.stringify(keys),
    JSON.stringify([...senders]),
  );
  const known = new Map<string, KnownKey>();
  const floors = new Map<string, number>();
  for (const { key, hash, ok, answer, position } of rows)
    if (ok === null) floors.set(String(key), Number(position));
    else
      known.set(String(key), {
        hash: hash === null ? null : String(hash),
        ok: ok === 1,
        answer: String(answer),
        position: Number(position),
      });
  const isLate = (message: string): boolean => {
    const { sender, number } = senderOf(message);
    return number > 0 && number <= (floors.get(sender) ?? 0);
  };
  return { known, isLate };
}

/** `api-0-x-w-17` is the 17th message of `api-0-x-w-`. The SQL below says the same. */
function senderOf(message: string): { readonly sender: string; readonly number: number } {
  const sender = message.replace(/[0-9]+$/, "");
  return { sender, number: Number(message.slice(sender.length)) };
}

/** Log time of the newest key, 0 where there is none: the log's time goes on from there. */
export async function newestKeyMs(connection: Connection): Promise<number> {
  const [row] = await connection.all(
    `SELECT max(coalesce((SELECT max(at_ms) FROM _dbaas_keys WHERE own = 0), 0),
                coalesce((SELECT max(at_ms) FROM _dbaas_keys WHERE own = 1), 0)) AS newest`,
  );
  return Number(row?.newest ?? 0);
}

export async function expireKeys(
  connection: Connection,
  { clientBeforeMs, ownBeforeMs }: { readonly clientBeforeMs: number; readonly ownBeforeMs: number },
): Promise<void> {
  await raiseFloors(connection, "message", 0, clientBeforeMs);
  await raiseFloors(connection, "substr(key, 1, instr(key, '#') - 1)", 1, ownBeforeMs);
  await connection.exec(
    `DELETE FROM _dbaas_floors WHERE sender NOT IN
       (SELECT sender FROM _dbaas_floors ORDER BY raised_ms DESC, sender LIMIT ${floorsMax})`,
  );
  const sql = "DELETE FROM _dbaas_keys WHERE own = ?1 AND at_ms < ?2";
  await connection.run(sql, 0, clientBeforeMs);
  await connection.run(sql, 1, ownBeforeMs);
}

async function raiseFloors(
  connection: Connection,
  message: string,
  own: 0 | 1,
  beforeMs: number,
): Promise<void> {
  await connection.run(
    `INSERT INTO _dbaas_floors (sender, number, raised_ms)
     SELECT rtrim(message, '0123456789') AS sender,
            max(CAST(substr(message, length(rtrim(message, '0123456789')) + 1) AS INTEGER)) AS number, ?2
     FROM (SELECT ${message} AS message FROM _dbaas_keys WHERE own = ?1 AND at_ms < ?2)
     WHERE message IS NOT NULL AND message <> '' GROUP BY sender HAVING number > 0
     ON CONFLICT (sender) DO UPDATE
       SET number = max(number, excluded.number), raised_ms = max(raised_ms, excluded.raised_ms)`,
    own,
    beforeMs,
  );
}
