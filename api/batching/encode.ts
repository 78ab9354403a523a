// PURE: pending requests -> the bytes of one message. Requests that differ only in their values share one shape. Put together
// from the requests' own JSON, in the form of `ReadBatch` and `WriteBatch` (core/messages/queues.ts).
import type { PendingRead, PendingWrite, Placed } from "./pending.ts";

export interface Envelope {
  readonly id: string;
  /** Unix ms, as is the moment of sending. */
  readonly deadlineMs: number;
  readonly sentAtMs: number;
  readonly attempt: 1 | 2;
}

export function encodeReads(envelope: Envelope, placed: readonly Placed<PendingRead>[]): Buffer {
  const shapes = new DistinctShapes();
  let items = "";
  for (const { index, pending } of placed) {
    const { shape, params, minPosition } = pending;
    if (items !== "") items += ",";
    items += `{"index":${index},"shape":${shapes.indexOf(shape)},"params":${params}`;
    items += minPosition === undefined ? "}" : `,"minPosition":${minPosition}}`;
  }
  return message(envelope, shapes, items);
}

export function encodeWrites(envelope: Envelope, placed: readonly Placed<PendingWrite>[]): Buffer {
  const shapes = new DistinctShapes();
  let items = "";
  for (const { index, pending } of placed) {
    const { shape, rows, key, hash, deadlineMs } = pending;
    if (items !== "") items += ",";
    // Made of what never changes, so that a request sent again is known again.
    const keyJson = JSON.stringify(key ?? `${envelope.id}#${index}`);
    items += `{"index":${index},"shape":${shapes.indexOf(shape)},"rows":${rows}`;
    items += `,"key":${keyJson},"deadlineMs":${deadlineMs}`;
    items += hash === undefined ? "}" : `,"hash":${JSON.stringify(hash)}}`;
  }
  return message(envelope, shapes, items);
}

function message({ deadlineMs, sentAtMs, attempt }: Envelope, shapes: DistinctShapes, items: string): Buffer {
  const head = `{"v":1,"deadlineMs":${deadlineMs},"sentAtMs":${sentAtMs},"attempt":${attempt}`;
  return Buffer.from(`${head},"shapes":[${shapes.all.join()}],"items":[${items}]}`);
}

class DistinctShapes {
  readonly all: string[] = [];
  readonly #indexes = new Map<string, number>();

  indexOf(shape: string): number {
    const known = this.#indexes.get(shape);
    if (known !== undefined) return known;
    this.#indexes.set(shape, this.all.length);
    return this.all.push(shape) - 1;
  }
}
