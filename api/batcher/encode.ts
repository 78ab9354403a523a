// PURE: pending requests -> the bytes of one message. Requests that differ only in their values share one shape.
import { encodeBatch, type ReadItem, type WriteItem } from "../../protocol/queues.ts";
import type { PendingRead, PendingWrite, Placed } from "./pending.ts";

export interface Envelope {
  readonly id: string;
  /** Unix ms, as is the moment of sending. */
  readonly deadlineMs: number;
  readonly sentAtMs: number;
  readonly attempt: 1 | 2;
}

export function encodeReads(
  { deadlineMs, sentAtMs, attempt }: Envelope,
  placed: readonly Placed<PendingRead>[],
): Buffer {
  const shapes = new DistinctShapes<PendingRead["shape"]>();
  const items = placed.map(({ index, pending: { shape, params, minPosition } }): ReadItem => {
    const item = { index, shape: shapes.indexOf(shape), params };
    return minPosition === undefined ? item : { ...item, minPosition };
  });
  return encodeBatch({ v: 1, deadlineMs, sentAtMs, attempt, shapes: shapes.all, items });
}

export function encodeWrites(
  { id, deadlineMs, sentAtMs, attempt }: Envelope,
  placed: readonly Placed<PendingWrite>[],
): Buffer {
  const shapes = new DistinctShapes<PendingWrite["shape"]>();
  const items = placed.map(({ index, pending }): WriteItem => {
    const { shape, rows, key, hash, deadlineMs: until } = pending;
    // Made of what never changes, so that a request sent again is known again.
    const item = {
      index,
      shape: shapes.indexOf(shape),
      rows,
      key: key ?? `${id}#${index}`,
      deadlineMs: until,
    };
    return hash === undefined ? item : { ...item, hash };
  });
  return encodeBatch({ v: 1, deadlineMs, sentAtMs, attempt, shapes: shapes.all, items });
}

class DistinctShapes<S> {
  readonly all: S[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(shape: S): number {
    const key = JSON.stringify(shape);
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    this.#indexes.set(key, this.all.length);
    return this.all.push(shape) - 1;
  }
}
