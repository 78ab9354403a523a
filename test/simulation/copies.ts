// What the copies on the volumes hold, read beside the workers.
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Applied } from "../../core/log/record.ts";
import type { Volume } from "../fakes/memory-disk.ts";

export interface Copy {
  readonly name: string;
  readonly epoch: number;
  readonly position: number;
  /** Ids and values, in order. */
  readonly things: readonly (readonly [id: string, value: string])[];
  readonly counted: readonly string[];
  readonly accounts: ReadonlyMap<string, number>;
  /** In the order of their commits. */
  readonly transfers: readonly NotedTransfer[];
  /** Two copies that hold the same have the same. */
  readonly digest: string;
}

/** What a transaction has written down of itself: the values of the accounts that it changed, before and after. */
export interface NotedTransfer {
  readonly op: string;
  readonly read: Readonly<Record<string, number>>;
  readonly wrote: Readonly<Record<string, number>>;
}

/** @returns undefined when there is no copy with tables yet */
export function copyOn(name: string, volume: Volume): Copy | undefined {
  if (!existsSync(volume.file)) return undefined;
  const database = new DatabaseSync(volume.file, { readOnly: true });
  try {
    const rows = (sql: string) => database.prepare(sql).all() as Record<string, unknown>[];
    const tables = rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").map((row) =>
      String(row.name),
    );
    if (!tables.includes("counted")) return undefined;
    const meta = new Map(
      rows("SELECT name, value FROM _dbaas_meta").map((row) => [row.name, String(row.value)]),
    );
    const { epoch, position } = JSON.parse(meta.get("applied") ?? "{}") as Applied;
    const all = tables
      .filter((table) => table !== "_dbaas_meta")
      .map((table) => [table, rows(`SELECT * FROM "${table}" ORDER BY 1`)]);
    const definitions = rows(
      "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE '%\\_dbaas%' ESCAPE '\\' ORDER BY type, name",
    );
    return {
      name,
      epoch,
      position,
      things: rows("SELECT id, value FROM things ORDER BY id").map(
        (row) => [String(row.id), String(row.value)] as const,
      ),
      counted: rows("SELECT value FROM counted").map((row) => String(row.value)),
      accounts: new Map(
        rows("SELECT name, value FROM accounts").map((row) => [String(row.name), Number(row.value)]),
      ),
      transfers: rows("SELECT op, read, wrote FROM transfers ORDER BY id").map((row) => ({
        op: String(row.op),
        read: JSON.parse(String(row.read)),
        wrote: JSON.parse(String(row.wrote)),
      })),
      digest: JSON.stringify([epoch, position, meta.get("schema"), all, definitions]),
    };
  } finally {
    database.close();
  }
}

/** Where a copy stands, without the rest. */
export function placeOn(volume: Volume): string {
  if (!existsSync(volume.file)) return "nowhere";
  const database = new DatabaseSync(volume.file, { readOnly: true });
  try {
    const [row] = database.prepare("SELECT value FROM _dbaas_meta WHERE name = 'applied'").all() as Record<
      string,
      unknown
    >[];
    const { epoch, position } = JSON.parse(String(row?.value ?? "{}")) as Partial<Applied>;
    return `${position} of epoch ${epoch}`;
  } catch {
    return "nowhere";
  } finally {
    database.close();
  }
}
