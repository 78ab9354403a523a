// The idempotency keys of a copy: what was answered under each, in the same transaction as the data it speaks of. They
// come to every copy through the log, so a repeat is known to every future master.
import type { KeyEntry } from "../../protocol/record.ts";
import type { Connection } from "../sqlite.ts";

export const keysDdl = `
  CREATE TABLE IF NOT EXISTS _dbaas_keys (
    key TEXT PRIMARY KEY, hash TEXT, ok INTEGER NOT NULL, answer TEXT NOT NULL,
    position INTEGER NOT NULL, at_ms INTEGER NOT NULL, own INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS _dbaas_keys_by_age ON _dbaas_keys (own, at_ms);`;

export interface KnownKey {
  readonly hash: string | null;
  readonly ok: boolean;
  readonly answer: string;
  readonly position: number;
}

/** A key that the API made itself; it need not outlive the request by much. */
const isOwn = (key: string): boolean => !key.startsWith("c:");

export interface PlacedKey {
  readonly entry: KeyEntry;
  readonly position: number;
  readonly atMs: number;
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
  ]);
  await connection.run(
    `INSERT INTO _dbaas_keys (key, hash, ok, answer, position, at_ms, own)
     SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
     FROM json_each(?1)`,
    JSON.stringify(rows),
  );
}

export async function findKeys(
  connection: Connection,
  keys: readonly string[],
): Promise<ReadonlyMap<string, KnownKey>> {
  const rows = await connection.all(
    `SELECT key, hash, ok, answer, position FROM _dbaas_keys WHERE key IN (SELECT value FROM json_each(?1))`,
    JSON.stringify(keys),
  );
  return new Map(
    rows.map((row) => [
      String(row.key),
      {
        hash: row.hash === null ? null : String(row.hash),
        ok: row.ok === 1,
        answer: String(row.answer),
        position: Number(row.position),
      },
    ]),
  );
}

export async function expireKeys(
  connection: Connection,
  before: { readonly clientBeforeMs: number; readonly ownBeforeMs: number },
): Promise<void> {
  const sql = "DELETE FROM _dbaas_keys WHERE own = ?1 AND at_ms < ?2";
  await connection.run(sql, 0, before.clientBeforeMs);
  await connection.run(sql, 1, before.ownBeforeMs);
}
