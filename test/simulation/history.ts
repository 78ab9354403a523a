// The history that a log tells, worked out from the rules alone and by other code than the product's: who reads it from its
// beginning takes markers of ever newer epochs, and of each epoch the records in their places.
import { assertNever } from "../../core/errors.ts";
import { decodeRecord, type Effect, type KeyEntry, type LogRecord } from "../../core/log/record.ts";

export interface Accepted {
  readonly position: number;
  readonly epoch: number;
  readonly effects: readonly Effect[];
  readonly keys: readonly KeyEntry[];
}

export interface History {
  readonly accepted: readonly Accepted[];
  /** The newest whose marker stands in the log. */
  readonly epoch: number;
  /** What no rule explains. */
  readonly faults: readonly string[];
}

const known = new WeakMap<Buffer, LogRecord>();

/** Looked at again and again while a run comes to its end. */
function decoded(content: Buffer): LogRecord {
  const before = known.get(content);
  if (before !== undefined) return before;
  const record = decodeRecord(content);
  known.set(content, record);
  return record;
}

export function historyOf(log: readonly Buffer[]): History {
  const accepted: Accepted[] = [];
  const faults: string[] = [];
  const texts = new Map<string, string>();
  let newest = 0;
  for (const [offset, content] of log.entries()) {
    const record = decoded(content);
    if (record.kind === "marker") {
      newest = Math.max(newest, record.epoch);
      continue;
    }
    const place = `${record.epoch}/${record.position}`;
    const text = content.toString();
    if ((texts.get(place) ?? text) !== text)
      faults.push(`two records claim ${place}, the later at ${offset}`);
    texts.set(place, text);
    if (record.epoch > newest) faults.push(`record ${place} at ${offset} stands before its epoch's marker`);
    if (record.epoch !== newest || record.position <= accepted.length) continue;
    if (record.position !== accepted.length + 1) faults.push(`nothing stands before ${place} at ${offset}`);
    accepted.push(record);
  }
  return { accepted, epoch: newest, faults };
}

type Rows = ReadonlyMap<string, string>;

/** What the one table holds after each position; index 0 is the beginning. */
export function statesOf(accepted: readonly Accepted[]): readonly Rows[] {
  const states: Rows[] = [new Map()];
  for (const { effects } of accepted) {
    const rows = new Map(states.at(-1));
    for (const effect of effects) applyTo(rows, effect);
    states.push(rows);
  }
  return states;
}

function applyTo(rows: Map<string, string>, effect: Effect): void {
  if (!("shape" in effect)) return;
  const { shape } = effect;
  if ("table" in shape && shape.table !== "things") return;
  switch (shape.kind) {
    case "barrier":
      return;
    case "clear":
      rows.clear();
      return;
    case "insert":
      for (const [id, value] of effect.rows) rows.set(String(id), String(value));
      return;
    case "delete":
      rows.delete(String(effect.rows[0]?.[0]));
      return;
    case "sql":
      // Counts a value, in the other table, is part of a transaction, or is about tables that SQL has made.
      return;
    case "batch":
    case "update":
      throw new Error("no client of the simulation asks for this");
    default:
      assertNever(shape);
  }
}
