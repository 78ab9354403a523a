// Copies on real SQLite files in folders of their own, made and taken away for a test.
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import {
  type BatchRecord,
  checksumOf,
  type Effect,
  encodeRecord,
  type KeyEntry,
} from "../../../core/log/record.ts";
import type { Answer } from "../../../core/messages/queues.ts";
import type { Param, WriteShape } from "../../../core/messages/statement.ts";
import { quoted, quotedList, type Schema } from "../../../core/schema.ts";
import { Store, type StoreOptions } from "../../../worker/copy/store.ts";
import type { LogEntry } from "../../../worker/ports.ts";
import type { ReadReply } from "../../../worker/read/slave.ts";
import { quickFolder } from "../../support/quick-folder.ts";

/** Where a test's undoing is collected: a test's own context, or a list that a property empties after each run. */
export interface Undoing {
  after(undo: () => Promise<void>): void;
}

export async function temporaryDirectory(t: Undoing | TestContext): Promise<string> {
  const directory = await mkdtemp(join(quickFolder(), "copy-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Takes answers as fast as they come. */
export const replying = (emit: (answers: readonly Answer[]) => void): ReadReply => ({
  emit,
  room: () => undefined,
  hold: () => true,
});

/** An empty copy, with the tables of `schema` if one is given, as the first record of the log brings them. */
export async function openCopy(
  t: Undoing | TestContext,
  schema?: Schema,
  options?: StoreOptions,
): Promise<Store> {
  const store = await Store.open(await temporaryDirectory(t), options);
  t.after(() => store.close());
  if (schema !== undefined) await store.apply([entry(0, marker(1)), entry(1, batch(1, [{ schema }]))]);
  return store;
}

/** Runs `work` with an undoing of its own: for the many runs of one property. */
export async function withUndoing<T>(work: (undoing: Undoing) => Promise<T>): Promise<T> {
  const undoing: (() => Promise<void>)[] = [];
  try {
    return await work({ after: (undo) => undoing.push(undo) });
  } finally {
    for (const undo of undoing.reverse()) await undo();
  }
}

/** For what a whole file, or a suite, shares. */
export function undoneAfterwards(): Undoing {
  const undoing: (() => Promise<void>)[] = [];
  after(async () => {
    for (const undo of undoing.reverse()) await undo();
  });
  return { after: (undo) => undoing.push(undo) };
}

export const marker = (epoch: number) =>
  ({ kind: "marker", epoch, after: 0, master: "w-1", atMs: 0 }) as const;

export const batch = (
  position: number,
  effects: readonly Effect[],
  keys: readonly KeyEntry[] = [],
  epoch = 1,
): BatchRecord => ({ kind: "batch", epoch, position, atMs: position, effects, keys });

export function entry(offset: number, record: LogEntry["record"]): LogEntry {
  return { record, offset, checksum: checksumOf(encodeRecord(record)) };
}

export const insertion = (
  table: string,
  columns: readonly string[],
  ...rows: readonly (readonly Param[])[]
): { readonly shape: WriteShape; readonly rows: readonly (readonly Param[])[] } => ({
  shape: { kind: "insert", table, columns },
  rows,
});

/** Everything that makes two copies equal: every table in its order, what SQL has made, the keys, the counters, the place in the log. */
export async function contentsOf(store: Store): Promise<unknown> {
  const { writer, schema } = store;
  const tables: Record<string, unknown> = {};
  for (const { name, primaryKey } of schema.tables)
    tables[name] = await writer.all(`SELECT * FROM ${quoted(name)} ORDER BY ${quotedList(primaryKey)}`);
  const made = await writer.all(
    "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE '%dbaas%' ORDER BY type, name",
  );
  // What has no key is compared in the order in which a scan meets it.
  for (const { type, name } of made)
    if (type === "table") tables[String(name)] ??= await writer.all(`SELECT * FROM ${quoted(String(name))}`);
  const [pragma] = await writer.all("PRAGMA user_version");
  const keys = await writer.all("SELECT * FROM _dbaas_keys ORDER BY key");
  const { position, epoch } = store.applied;
  return { position, epoch, schema, tables, made, keys, userVersion: pragma?.user_version };
}
