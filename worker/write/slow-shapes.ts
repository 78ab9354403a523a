// PURE but for its memory. Which requests are likely to run long, by their shape: requests that differ only in their values
// mostly take the same time. It decides only whose company a request is tried in, never whether it is carried out.

import { assertNever } from "../../core/errors.ts";
import type { Condition, WriteShape } from "../../core/messages/statement.ts";
import { findTable, type Schema } from "../../core/schema.ts";

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
function looksThroughRows({ kind }: WriteShape): boolean {
  switch (kind) {
    case "insert":
    case "barrier":
      return false;
    case "update":
    case "delete":
    case "clear":
      return true;
    default:
      return assertNever(kind);
  }
}

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
