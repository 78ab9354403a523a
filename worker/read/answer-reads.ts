// Answers one batch of reads from a copy. Requests of one shape run as one statement; if that fails or takes long, each
// runs alone, so that one bad or slow request harms only itself. Answers leave as soon as they are known.
import { Refusal, type RefusalCode, refusalBody } from "../../core/errors.ts";
import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import {
  type Answer,
  queueLimits,
  type ReadBatch,
  type ReadItem,
  readBounds,
  refusalAnswer,
  waitMsOf,
} from "../../core/messages/queues.ts";
import { statementLimits } from "../../core/messages/statement.ts";
import type { Store } from "../copy/store.ts";
import type { CompiledRead } from "../sql/compiled.ts";
import type { TableRead } from "../sql/shape-sql.ts";
import { InterruptedError, refusalOf, TooLargeError } from "../sqlite-errors.ts";
import type { AnswerReads, ReadReply } from "./slave.ts";
import { type Reading, sqlReadingOf } from "./sql-readings.ts";

export interface ReadLimits {
  /** One query may run this long. */
  readonly queryMs: number;
  /** A read waits this long at most for its copy to reach a wanted position. */
  readonly freshWithinMs: number;
  /** The API waits no longer than this for the answers to a batch: what is left of it then is dropped. */
  readonly answerWithinMs: number;
}

/** A read waits this long at most for its copy to reach a wanted position. */
const freshWithinMs = 2_000;
/** A group that takes longer than this is broken up: its slow member must not hold the others. */
const groupMs = 50;
/** More records than a copy applies while a read waits. */
const recordsAheadMax = 20_000;

/** From this size an answer holds up others on its way to the broker. */
const largeBytes = 1024 * 1024;

/** Of the row forms. */
const readings = new WeakMap<CompiledRead, Reading>();

function readingOf(compiled: CompiledRead): Reading {
  const known = readings.get(compiled);
  if (known !== undefined) return known;
  const reading: Reading = {
    groupable: compiled.groupable,
    ask: async (connection, items) => {
      const params = JSON.stringify(items.map((item) => item.params));
      const [row] = await connection.all(compiled.sql, params);
      const body = String(row?.body ?? "");
      return items.length === 1 ? [body] : body.split("\n");
    },
  };
  readings.set(compiled, reading);
  return reading;
}

/** Reads whose statement took long, or whose answer was large, when it ran last. */
const heavy = new WeakSet<Reading>();
/** Those among them whose answer was large. */
const large = new WeakSet<Reading>();

interface Answering {
  readonly store: Store;
  readonly limits: ReadLimits;
  readonly reply: ReadReply;
  /** By the monotonic clock; no other clock takes part, the API's may be wrong by a day. */
  readonly droppedAtMs: number;
}

/** From this copy, within the limits that the manifest sets at the time. */
export const readsFrom =
  (store: Store, spec: () => ManifestSpec): AnswerReads =>
  (batch, reply) => {
    const { queryMs, timeoutMs: answerWithinMs } = spec().requests;
    return answerReads(store, batch, { queryMs, answerWithinMs, freshWithinMs }, reply);
  };

/** @throws what is no request's fault, for instance a damaged file */
export async function answerReads(
  store: Store,
  batch: ReadBatch,
  limits: ReadLimits,
  reply: ReadReply,
): Promise<void> {
  const groups = new Map<string, ReadItem[]>();
  for (const item of batch.items) {
    let key = String(item.shape);
    for (const bound of readBounds) key += ` ${item[bound] ?? 0}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  const droppedAtMs = store.clock.monotonicMs() + Math.min(limits.answerWithinMs, waitMsOf(batch));
  const answering = { store, limits, reply, droppedAtMs };
  await Promise.all([...groups.values()].map((group) => answerGroup(answering, batch, group)));
}

async function answerGroup(
  answering: Answering,
  batch: ReadBatch,
  items: readonly ReadItem[],
): Promise<void> {
  const { store, reply } = answering;
  const first = items[0];
  const shape = first === undefined ? undefined : batch.shapes[first.shape];
  if (first === undefined || shape === undefined) return;
  const minPosition = first.minPosition ?? 0;
  if (minPosition > store.applied.position && !(await isReached(answering, minPosition))) {
    const message = `no copy has reached position ${minPosition} yet; this one is at ${store.applied.position}`;
    return reply.emit(items.map((item) => refuse(store, item, "not_fresh", message)));
  }
  if (shape.kind === "sql") return answerFitting(answering, sqlReadingOf(shape), items);
  const compiled = compile(store, shape);
  if (compiled instanceof Refusal) {
    const body = refusalBody(compiled);
    return reply.emit(items.map((item) => refusalAnswer(item.index, body, store.applied.position)));
  }
  const { fitting, refused, apart } = store.compiled.fitReads(shape, items);
  if (refused.length > 0)
    reply.emit(
      refused.map(({ item, refusal }) =>
        refusalAnswer(item.index, refusalBody(refusal), store.applied.position),
      ),
    );
  for (const { item, shape: own } of apart)
    await answerGroup(answering, { ...batch, shapes: [own] }, [{ ...item, shape: 0 }]);
  await answerFitting(answering, readingOf(compiled), fitting);
}

/** A read that waits for its copy holds up nothing; one that cannot come to its position does not wait. */
async function isReached({ store, limits, reply }: Answering, position: number): Promise<boolean> {
  if (position - store.applied.position > recordsAheadMax || !reply.hold()) return false;
  return store.reaches(position, limits.freshWithinMs);
}

/** Reads of one shape whose values fit their columns. */
async function answerFitting(
  answering: Answering,
  reading: Reading,
  items: readonly ReadItem[],
): Promise<void> {
  if (reading.groupable && items.length > 1 && !heavy.has(reading)) {
    if (await together(answering, reading, items)) return;
  }
  const unfinished: Promise<void>[] = [];
  for (const item of items) {
    if (answering.store.clock.monotonicMs() > answering.droppedAtMs) break;
    await new Promise<void>((next) => {
      const answered = alone(answering, reading, item, next);
      // Whatever it fails with is thrown below.
      answered.then(next, next);
      unfinished.push(answered);
    });
  }
  await Promise.all(unfinished);
}

function compile(store: Store, shape: TableRead): CompiledRead | Refusal {
  try {
    return store.compiled.read(shape);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** @returns false when the group must be broken up */
async function together(
  { store, reply }: Answering,
  reading: Reading,
  items: readonly ReadItem[],
): Promise<boolean> {
  try {
    const use = { limitMs: groupMs, room: reply.room };
    await store.readers.quickly(use, async (connection) => {
      // Taken before the query starts: the copy the query sees has at least this position.
      const { position } = store.applied;
      const lines = await reading.ask(connection, items, store.clock.now());
      if (lines.length !== items.length) throw new Error("a group of reads answered another number of reads");
      reply.emit(items.map((item, i) => answerOf(store, item, lines[i] ?? "", position)));
    });
    return true;
  } catch (error) {
    if (refusalOf(error) === null) throw error;
    if (error instanceof InterruptedError) heavy.add(reading);
    return false;
  }
}

/** @param onSlow told when it takes longer than others may wait for it */
async function alone(
  answering: Answering,
  reading: Reading,
  item: ReadItem,
  onSlow: () => void,
): Promise<void> {
  const { store, limits, reply, droppedAtMs } = answering;
  let isSlow = false;
  let isLarge = false;
  const use = {
    limitMs: limits.queryMs,
    room: reply.room,
    isHeavy: heavy.has(reading),
    onSlow: () => {
      isSlow = true;
      heavy.add(reading);
      onSlow();
      return reply.hold();
    },
  };
  if (use.isHeavy && !reply.hold()) return unheld(answering, reading, item);
  try {
    await store.readers.use(use, async (connection) => {
      if (store.clock.monotonicMs() > droppedAtMs) return;
      const { position } = store.applied;
      const [line = ""] = await reading.ask(connection, [item], store.clock.now());
      const answer = answerOf(store, item, line, position);
      isLarge = Buffer.byteLength(answer.body) >= largeBytes;
      reply.emit([answer]);
    });
    if (isLarge) {
      heavy.add(reading);
      large.add(reading);
    } else if (!isSlow) lighten(reading);
  } catch (error) {
    const refusal = error instanceof TooLargeError ? tooManyBytes : refusalOf(error);
    if (refusal === null) throw error;
    reply.emit([refusalAnswer(item.index, refusalBody(refusal), store.applied.position)]);
  }
}

function lighten(reading: Reading): void {
  heavy.delete(reading);
  large.delete(reading);
}

/** What took long once, on a busy machine perhaps, may be quick now: it gets as long as others may wait for it. */
async function unheld(answering: Answering, reading: Reading, item: ReadItem): Promise<void> {
  if (!large.has(reading) && (await together(answering, reading, [item]))) return lighten(reading);
  const message = "too many slow or large reads wait; send it again";
  answering.reply.emit([refuse(answering.store, item, "unavailable", message)]);
}

const tooManyBytes = new Refusal(
  "too_large",
  `the answer has more than ${queueLimits.answerBytesMax} bytes`,
  "limit",
);

function answerOf(store: Store, item: ReadItem, text: string, position: number): Answer {
  const space = text.indexOf(" ");
  if (Number(text.slice(0, space)) > statementLimits.rowsMax)
    return refuse(
      store,
      item,
      "too_large",
      `the answer has more than ${statementLimits.rowsMax} rows`,
      "limit",
    );
  const body = Buffer.from(text.slice(space + 1));
  if (body.length > queueLimits.answerBytesMax)
    return refusalAnswer(item.index, refusalBody(tooManyBytes), position);
  return { index: item.index, ok: true, body, position };
}

const refuse = (store: Store, item: ReadItem, code: RefusalCode, message: string, field?: string): Answer =>
  refusalAnswer(item.index, refusalBody(new Refusal(code, message, field)), store.applied.position);
