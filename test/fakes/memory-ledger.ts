// A copy of the database in memory, with a disk that outlives its process: only what was committed stands on it. It knows
// tables of a key and values, which is all that the simulation's clients use; what it promises is what the contract suite
// says, which also runs on SQLite.
import { assertNever, Refusal, refusalBody } from "../../core/errors.ts";
import {
  type Applied,
  advance,
  type BatchRecord,
  type Effect,
  encodeRecord,
  type KeyEntry,
  nothingApplied,
} from "../../core/log/record.ts";
import type { Param, Value, WriteShape } from "../../core/messages/statement.ts";
import { migrate } from "../../core/rules/migration.ts";
import { emptySchema, findTable, type Schema } from "../../core/schema.ts";
import type { Ledger, LogEntry } from "../../worker/ports.ts";
import type { CommitInput, Draft, PendingWrite, WriteResult } from "../../worker/write/draft.ts";

type Row = Readonly<Record<string, Value>>;

interface KnownKey extends KeyEntry {
  readonly position: number;
  readonly atMs: number;
}

export interface Contents {
  readonly applied: Applied;
  readonly schema: Schema;
  /** By table and primary key. */
  readonly tables: ReadonlyMap<string, ReadonlyMap<string, Row>>;
  readonly keys: ReadonlyMap<string, KnownKey>;
  /** By sender: the highest number of a message whose key was forgotten. */
  readonly floors: ReadonlyMap<string, number>;
}

/** What survives the process. */
export class Disk {
  contents: Contents = {
    applied: nothingApplied,
    schema: emptySchema,
    tables: new Map(),
    keys: new Map(),
    floors: new Map(),
  };
}

/** A transaction's own view: it changes nothing before it is put on the disk. */
class View {
  applied: Applied;
  schema: Schema;
  readonly tables: Map<string, ReadonlyMap<string, Row>>;
  readonly keys: Map<string, KnownKey>;
  readonly floors: Map<string, number>;

  constructor({ applied, schema, tables, keys, floors }: Contents) {
    this.applied = applied;
    this.schema = schema;
    this.tables = new Map(tables);
    this.keys = new Map(keys);
    this.floors = new Map(floors);
  }

  apply(effect: Effect): number {
    if ("schema" in effect) {
      this.schema = migrate(this.schema, effect.schema).schema;
      return 0;
    }
    if ("expireKeys" in effect) {
      const { clientBeforeMs, ownBeforeMs } = effect.expireKeys;
      for (const [key, { atMs, message = key.slice(0, key.indexOf("#")) }] of [...this.keys]) {
        if (atMs >= (key.startsWith("c:") ? clientBeforeMs : ownBeforeMs)) continue;
        this.keys.delete(key);
        const { sender, number } = placeOf(message);
        if (number > 0) this.floors.set(sender, Math.max(number, this.floors.get(sender) ?? 0));
      }
      return 0;
    }
    return this.write(effect.shape, effect.rows);
  }

  write(shape: WriteShape, rows: readonly (readonly Param[])[]): number {
    switch (shape.kind) {
      case "barrier":
        return 0;
      case "clear":
        this.tables.clear();
        return 0;
      case "insert":
        return this.#changed(shape.table, (known, primaryKey) => insert(known, shape, primaryKey, rows));
      case "delete":
        return this.#changed(shape.table, (known) => remove(known, shape, rows));
      case "sql":
      case "batch":
        throw new Error("this copy knows no SQL: no client of this ledger asks for it");
      case "update":
        throw new Error("this copy updates nothing: no client of the simulation asks for it");
      default:
        return assertNever(shape);
    }
  }

  #changed(name: string, change: (rows: Map<string, Row>, primaryKey: readonly string[]) => number): number {
    const table = findTable(this.schema, name);
    if (table === undefined)
      throw new Refusal("unknown_table", `there is no table ${JSON.stringify(name)}`, "table");
    const known = new Map(this.tables.get(name));
    const changed = change(known, table.primaryKey);
    this.tables.set(name, known);
    return changed;
  }

  keep(entry: KeyEntry, position: number, atMs: number): void {
    this.keys.set(entry.key, { ...entry, position, atMs });
  }
}

/** `api-17`: the 17th message of `api-`. */
function placeOf(message: string): { readonly sender: string; readonly number: number } {
  const [, sender = message, digits = "0"] = /^(.*?)(\d*)$/.exec(message) ?? [];
  return { sender, number: Number(digits) };
}

function insert(
  known: Map<string, Row>,
  shape: Extract<WriteShape, { kind: "insert" }>,
  primaryKey: readonly string[],
  rows: readonly (readonly Param[])[],
): number {
  for (const values of rows) {
    const row: Row = Object.fromEntries(shape.columns.map((column, i) => [column, values[i] as Value]));
    const key = JSON.stringify(primaryKey.map((column) => row[column]));
    if (known.has(key) && shape.onConflict !== "update")
      throw new Refusal(
        "constraint_violation",
        `UNIQUE constraint failed: ${shape.table}.${primaryKey[0]}`,
        primaryKey[0],
      );
    known.set(key, { ...known.get(key), ...row });
  }
  return rows.length;
}

/** Only by one column's value: no client of the simulation asks for more. */
function remove(
  known: Map<string, Row>,
  shape: Extract<WriteShape, { kind: "delete" }>,
  rows: readonly (readonly Param[])[],
): number {
  const { where } = shape;
  if (where.op !== "=" || !("param" in where)) throw new Error("this copy deletes by one value only");
  const found = [...known].filter(([, row]) => row[where.column] === rows[0]?.[where.param]);
  for (const [key] of found) known.delete(key);
  return found.length;
}

export interface MemoryLedgerOptions {
  readonly disk: Disk;
  /** Takes a while, during which the process may die. */
  readonly work: () => Promise<void>;
  /** Which answers are kept under their keys: all of them, unless a test breaks it. */
  readonly keeps?: (entry: KeyEntry) => boolean;
}

export class MemoryLedger implements Ledger {
  readonly copyId = "in memory";
  readonly #disk: Disk;
  readonly #work: () => Promise<void>;
  readonly #keeps: (entry: KeyEntry) => boolean;

  constructor({ disk, work, keeps = () => true }: MemoryLedgerOptions) {
    this.#disk = disk;
    this.#work = work;
    this.#keeps = keeps;
  }

  get applied(): Applied {
    return this.#disk.contents.applied;
  }

  get schema(): Schema {
    return this.#disk.contents.schema;
  }

  get contents(): Contents {
    return this.#disk.contents;
  }

  async apply(entries: readonly LogEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await this.#work();
    const view = new View(this.#disk.contents);
    for (const { record, offset, checksum } of entries) {
      if (record.kind === "batch") {
        for (const effect of record.effects) view.apply(effect);
        for (const entry of record.keys) view.keep(entry, record.position, record.logMs ?? record.atMs);
      }
      view.applied = advance(view.applied, record, offset, checksum);
    }
    this.#put(view);
  }

  async known(keys: readonly string[]): Promise<ReadonlySet<string>> {
    await this.#work();
    return new Set(keys.filter((key) => this.#disk.contents.keys.has(key)));
  }

  async newestKeyMs(): Promise<number> {
    await this.#work();
    return Math.max(0, ...[...this.#disk.contents.keys.values()].map(({ atMs }) => atMs));
  }

  async syncEveryCommit(): Promise<void> {
    await this.#work();
  }

  async sync(): Promise<void> {
    await this.#work();
  }

  async prepare({ writes, chores, epoch, atMs, logMs }: CommitInput): Promise<Draft> {
    await this.#work();
    const view = new View(this.#disk.contents);
    const position = view.applied.position + 1;
    const effects = chores.map(({ effect }) => effect);
    for (const effect of effects) view.apply(effect);
    const kept: KeyEntry[] = [];
    const keep = (entry: KeyEntry) => {
      if (!this.#keeps(entry)) return;
      view.keep(entry, position, logMs);
      kept.push(entry);
    };
    const results = writes.map((write) => answered(view, write, position, effects, keep));
    const isEmpty = effects.length === 0 && kept.length === 0;
    const record: BatchRecord = { kind: "batch", epoch, position, atMs, logMs, effects, keys: kept };
    return {
      record: isEmpty ? undefined : { content: encodeRecord(record), epoch },
      commit: async (place) => {
        if (place !== undefined) view.applied = advance(view.applied, record, place.offset, place.checksum);
        await this.#work();
        this.#put(view);
        return results;
      },
      rollbackUnlessCommitted: async () => undefined,
    };
  }

  #put({ applied, schema, tables, keys, floors }: View): void {
    this.#disk.contents = { applied, schema, tables, keys, floors };
  }
}

const refused = (refusal: Refusal, position: number): WriteResult => ({
  ok: false,
  body: JSON.stringify(refusalBody(refusal)),
  position,
});

function answered(
  view: View,
  { item: { key, hash, rows }, shape, message, refusal }: PendingWrite,
  position: number,
  effects: Effect[],
  keep: (entry: KeyEntry) => void,
): WriteResult {
  const before = view.keys.get(key);
  if (before !== undefined) {
    const reused = hash !== undefined && before.hash !== undefined && hash !== before.hash;
    const text = "this Idempotency-Key was used for another request";
    if (reused) return refused(new Refusal("key_reused", text, "Idempotency-Key"), 0);
    return { ok: before.ok, body: before.answer, position: before.position };
  }
  const { sender, number } = placeOf(message);
  if (number > 0 && number <= (view.floors.get(sender) ?? 0))
    return refused(new Refusal("unavailable", "too late"), 0);
  const result =
    refusal === undefined ? tried(view, shape, rows, position, effects) : refused(refusal, position);
  if (shape.kind === "barrier") return result;
  keep({ key, ok: result.ok, answer: result.body, ...(hash === undefined ? {} : { hash, message }) });
  return result;
}

function tried(
  view: View,
  shape: WriteShape,
  rows: readonly (readonly Param[])[],
  position: number,
  effects: Effect[],
): WriteResult {
  try {
    const rowsAffected = view.write(shape, rows);
    const again = shape.kind === "barrier" && effects.some((e) => "shape" in e && e.shape.kind === "barrier");
    if (!again) effects.push({ shape, rows: shape.kind === "barrier" ? [] : rows });
    return { ok: true, body: JSON.stringify({ rowsAffected, position }), position };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return refused(error, position);
  }
}
