// PURE but for its memory. How long a write may run before it is interrupted, by what it does and by who waits behind it; and which
// requests are likely to run long, by their shape: requests that differ only in their values mostly take the same time. The
// latter decides only whose company a request is tried in, never whether it is carried out.
import { Refusal } from "../../core/errors.ts";
import type { Condition, WriteShape } from "../../core/messages/statement.ts";
import { findTable, type Schema } from "../../core/schema.ts";
import type { CommitLimits, PendingWrite } from "./draft.ts";

/** No further request is begun in a commit that has taken so long. */
const budgetMs = 100;
/** What a request may take in the company of others; one that takes longer is tried again alone. */
const togetherMs = 100;
/** What a request may take alone while others wait. */
const pressedMs = 200;
/** A clear is an administrator's, and takes what the size of the data asks for. */
const clearMs = 60_000;

interface Bound {
  /** What it may take while no other waits. */
  readonly ms: (queryMs: number) => number;
  /** More than others may wait for it: then it is tried apart from them. */
  readonly isLongInCompany: boolean;
  /** It is interrupted for those who wait. */
  readonly yields: boolean;
}

const byQuery: Bound = { ms: (queryMs) => queryMs, isLongInCompany: true, yields: true };
/** The work is bounded by the size of the request's body. */
const byBody: Bound = { ms: (queryMs) => queryMs, isLongInCompany: false, yields: false };

const bounds: Readonly<Record<WriteShape["kind"], Bound>> = {
  insert: byBody,
  update: byQuery,
  delete: byQuery,
  clear: { ms: () => clearMs, isLongInCompany: true, yields: false },
  barrier: byBody,
};

/** A kind that this version does not know, from a newer API for instance, is not judged here: whoever works on it fails with it. */
const boundOf = ({ kind }: WriteShape): Bound => (Object.hasOwn(bounds, kind) ? bounds[kind] : byBody);

const ownMs = (shape: WriteShape, queryMs: number): number => boundOf(shape).ms(queryMs);

/** Whether one that ran too long in the company of others may take longer alone. */
export const mayTakeLongerAlone = (shape: WriteShape): boolean => boundOf(shape).isLongInCompany;

/** @param queryMs what one request may take while no other waits */
export const limitsTogether = (queryMs: number): CommitLimits => ({
  budgetMs,
  mayGoOn: ({ shape }: PendingWrite, ranMs: number) => {
    const ms = ownMs(shape, queryMs);
    return ranMs < (mayTakeLongerAlone(shape) ? Math.min(togetherMs, ms) : ms);
  },
});

export const limitsAlone = (queryMs: number, isPressed: () => boolean): CommitLimits => ({
  budgetMs,
  mayGoOn: ({ shape }: PendingWrite, ranMs: number) =>
    ranMs < ownMs(shape, queryMs) && (ranMs < pressedMs || !boundOf(shape).yields || !isPressed()),
});

export const tooSlow = (shape: WriteShape, queryMs: number): Refusal =>
  new Refusal(
    "query_timeout",
    `the write was interrupted: it may run for ${ownMs(shape, queryMs)} ms, and for ${pressedMs} ms while others wait`,
  );

/** How long a shape counts as slow, or as quick, after a request of it was. */
const rememberedMs = 10_000;
/** While there was a slow one lately, a shape that is not known yet is not trusted either. */
const waryMs = 5_000;
const shapesMax = 512;

export class SlowShapes {
  readonly #known = new Map<string, { readonly slow: boolean; readonly untilMs: number }>();
  readonly #texts = new WeakMap<WriteShape, string>();
  #waryUntilMs = Number.NEGATIVE_INFINITY;

  /** Whether a request of this shape should be tried alone. */
  isSlow(shape: WriteShape, schema: Schema, nowMs: number): boolean {
    if (nowMs > this.#waryUntilMs && this.#known.size === 0) return false;
    if (!looksThroughRows(shape)) return false;
    const known = this.#known.get(this.#textOf(shape));
    if (known !== undefined && known.untilMs > nowMs) return known.slow;
    return nowMs <= this.#waryUntilMs && !isByKey(shape, schema);
  }

  ran(shape: WriteShape, slow: boolean, nowMs: number): void {
    if (!looksThroughRows(shape)) return;
    if (slow) this.#waryUntilMs = nowMs + waryMs;
    const text = this.#textOf(shape);
    if (!slow && this.#isStillSlow(text, nowMs)) return;
    if (this.#known.size >= shapesMax && !this.#known.has(text)) this.#known.clear();
    this.#known.set(text, { slow, untilMs: nowMs + rememberedMs });
  }

  /** One that was quick does not make up for one that was not: values differ. */
  #isStillSlow(text: string, nowMs: number): boolean {
    const known = this.#known.get(text);
    return known?.slow === true && known.untilMs > nowMs;
  }

  /** Requests of one message share the object. */
  #textOf(shape: WriteShape): string {
    const known = this.#texts.get(shape);
    if (known !== undefined) return known;
    const text = JSON.stringify(shape);
    this.#texts.set(shape, text);
    return text;
  }
}

/** Its time depends on the data: that of an insert is bounded by the size of its body. */
const looksThroughRows = mayTakeLongerAlone;

/** It looks up one row, by the whole of its table's key. */
function isByKey(shape: WriteShape, schema: Schema): boolean {
  if (!("where" in shape)) return false;
  const key = findTable(schema, shape.table)?.primaryKey;
  return key?.every((column) => isFixed(shape.where, column)) ?? false;
}

function isFixed(condition: Condition, column: string): boolean {
  if (condition.op === "and") return condition.of.some((one) => isFixed(one, column));
  return condition.op === "=" && condition.column === column;
}
