// Answers one batch of reads from a copy. Requests of one shape run as one statement; if that fails or takes long, each
// runs alone, so that one bad or slow request harms only itself. Answers leave as soon as they are known.
import { Refusal, type RefusalCode, refusalBody } from "../../protocol/errors.ts";
import {
  type Answer,
  queueLimits,
  type ReadBatch,
  type ReadItem,
  refusalAnswer,
} from "../../protocol/queues.ts";
import type { ReadShape } from "../../protocol/statement.ts";
import type { Store } from "../replica/store.ts";
import { type ReadSql, rowsMax } from "../sql/read-sql.ts";
import { fitReads } from "./fit-reads.ts";
import { refusalOf } from "./refusals.ts";

export interface ReadLimits {
  /** One query may run this long. */
  readonly queryMs: number;
  /** A read waits this long at most for its copy to reach a wanted position. */
  readonly freshWithinMs: number;
  /** Nobody waits longer than this for the answers to a batch: what is left of it then is dropped. */
  readonly answerWithinMs: number;
}

/** A group that takes longer than this is broken up: its slow member must not hold the others. */
const groupMs = 100;

type Emit = (answers: readonly Answer[]) => void;

/** @throws what is no request's fault, for instance a damaged file */
export async function answerReads(
  store: Store,
  batch: ReadBatch,
  limits: ReadLimits,
  emit: Emit,
): Promise<void> {
  const nobodyWaitsAtMs = performance.now() + limits.answerWithinMs;
  const groups = new Map<string, ReadItem[]>();
  for (const item of batch.items) {
    const key = `${item.shape} ${item.minPosition ?? 0}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  await Promise.all(
    [...groups.values()].map((group) =>
      answerGroup(store, batch, group, { ...limits, nobodyWaitsAtMs }, emit),
    ),
  );
}

async function answerGroup(
  store: Store,
  batch: ReadBatch,
  items: readonly ReadItem[],
  limits: ReadLimits & { readonly nobodyWaitsAtMs: number },
  emit: Emit,
): Promise<void> {
  const first = items[0];
  const shape = first === undefined ? undefined : batch.shapes[first.shape];
  if (first === undefined || shape === undefined) return;
  const minPosition = first.minPosition ?? 0;
  if (minPosition > 0 && !(await store.reaches(minPosition, limits.freshWithinMs))) {
    const message = `no copy has reached position ${minPosition} yet; this one is at ${store.applied.position}`;
    return emit(items.map((item) => refuse(store, item, "not_fresh", message)));
  }
  const compiled = compile(store, shape);
  if (compiled instanceof Refusal) {
    const body = refusalBody(compiled);
    return emit(items.map((item) => refusalAnswer(item.index, body, store.applied.position)));
  }
  const { fitting, refused, apart } = fitReads(store.compiled, shape, items);
  if (refused.length > 0)
    emit(
      refused.map(({ item, refusal }) =>
        refusalAnswer(item.index, refusalBody(refusal), store.applied.position),
      ),
    );
  for (const { item, shape: own } of apart)
    await answerGroup(store, { ...batch, shapes: [own] }, [{ ...item, shape: 0 }], limits, emit);
  await answerFitting(store, compiled, fitting, limits, emit);
}

/** Reads of one shape whose values fit their columns. */
async function answerFitting(
  store: Store,
  compiled: ReadSql,
  items: readonly ReadItem[],
  limits: ReadLimits & { readonly nobodyWaitsAtMs: number },
  emit: Emit,
): Promise<void> {
  if (compiled.groupable && items.length > 1) {
    const answers = await together(store, compiled, items);
    if (answers !== null) return emit(answers);
  }
  for (const item of items) {
    if (performance.now() > limits.nobodyWaitsAtMs) return;
    emit([await alone(store, compiled, item, limits.queryMs)]);
  }
}

function compile(store: Store, shape: ReadShape): ReadSql | Refusal {
  try {
    return store.compiled.read(shape);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** @returns null when the group must be broken up */
async function together(
  store: Store,
  sql: ReadSql,
  items: readonly ReadItem[],
): Promise<readonly Answer[] | null> {
  try {
    return await run(store, sql, items, groupMs);
  } catch (error) {
    if (refusalOf(error) === null) throw error;
    return null;
  }
}

async function alone(store: Store, sql: ReadSql, item: ReadItem, queryMs: number): Promise<Answer> {
  try {
    const [answer] = await run(store, sql, [item], queryMs);
    if (answer === undefined) throw new Error("a read answered no row");
    return answer;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    return refusalAnswer(item.index, refusalBody(refusal), store.applied.position);
  }
}

async function run(
  store: Store,
  { sql }: ReadSql,
  items: readonly ReadItem[],
  limitMs: number,
): Promise<readonly Answer[]> {
  const params = JSON.stringify(items.map((item) => item.params));
  return store.readers.use(limitMs, async (connection) => {
    // Taken before the query starts: the copy the query sees has at least this position.
    const { position } = store.applied;
    const rows = await connection.all(sql, params);
    return items.map((item, i) => answerOf(store, item, String(rows[i]?.body ?? "0 []"), position));
  });
}

function answerOf(store: Store, item: ReadItem, text: string, position: number): Answer {
  const space = text.indexOf(" ");
  if (Number(text.slice(0, space)) > rowsMax)
    return refuse(store, item, "too_large", `the answer has more than ${rowsMax} rows`, "limit");
  const body = Buffer.from(text.slice(space + 1));
  if (body.length > queueLimits.answerBytesMax)
    return refuse(
      store,
      item,
      "too_large",
      `the answer has more than ${queueLimits.answerBytesMax} bytes`,
      "limit",
    );
  return { index: item.index, ok: true, body, position };
}

const refuse = (store: Store, item: ReadItem, code: RefusalCode, message: string, field?: string): Answer =>
  refusalAnswer(item.index, refusalBody(new Refusal(code, message, field)), store.applied.position);
