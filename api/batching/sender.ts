// A batch -> messages on the queue, usually one. The bytes of a message are put together from the requests' own JSON, in the form of
// `ReadBatch` and `WriteBatch` (core/messages/queues.ts); requests that differ only in their values share one shape.

import { messageOf, type RefusalBody } from "../../core/errors.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { PublishOptions } from "../../platform/rabbitmq/port.ts";
import type { Span } from "../../platform/telemetry/tracing.ts";
import {
  type InFlight,
  type Pending,
  type PendingRead,
  type PendingWrite,
  type Placed,
  unavailable,
} from "./pending.ts";

/** The queue, for as long as one connection lasts. */
export interface Line {
  readonly ended: AbortSignal;
  /** The broker takes no messages at the moment. */
  readonly blocked: boolean;
  /** Rejects when the broker has refused the message, or when its fate is unknown. */
  publish(content: Buffer, options: PublishOptions): Promise<void>;
}

export interface SenderLimits {
  readonly messageBytesMax: number;
}

export interface SenderOptions<P extends Pending> {
  readonly encode: (envelope: Envelope, requests: readonly Placed<P>[]) => Buffer;
  readonly limits: SenderLimits;
  readonly clock: Clock;
  /** The span of a message, where traces are on; undefined for one that is not recorded. */
  readonly spanOf?: ((requests: readonly Placed<P>[], bytes: number) => Span | undefined) | undefined;
}

type Fail<P extends Pending> = (
  batch: InFlight<P>,
  requests: readonly Placed<P>[],
  refusal: RefusalBody,
) => void;

const tooLarge: RefusalBody = {
  code: "too_large",
  message: "is too large for one message",
  field: "(body)",
};

export class Sender<P extends Pending> {
  readonly #options: SenderOptions<P>;
  readonly #fail: Fail<P>;

  /** @param fail called for requests that will never be answered */
  constructor(options: SenderOptions<P>, fail: Fail<P>) {
    this.#options = options;
    this.#fail = fail;
  }

  /** Sends what is unanswered of the batch; each request alone from the second attempt on. */
  send(line: Line, batch: InFlight<P>): void {
    batch.publications += 1;
    const nowMs = this.#options.clock.monotonicMs();
    // What is over waits for the next sweep to be refused: a copy sent now could outlive the request's key.
    const unanswered = batch.unanswered().filter(({ pending }) => pending.deadlineAtMs > nowMs);
    if (unanswered.length === 0) return;
    if (batch.attempt === 1) this.#sendTogether(line, batch, unanswered);
    else for (const placed of unanswered) this.#sendTogether(line, batch, [placed]);
  }

  #sendTogether(line: Line, batch: InFlight<P>, requests: readonly Placed<P>[]): void {
    const { clock, encode, limits } = this.#options;
    let lastDeadlineAtMs = 0;
    let deadlineMs = 0;
    for (const { pending } of requests) {
      lastDeadlineAtMs = Math.max(lastDeadlineAtMs, pending.deadlineAtMs);
      deadlineMs = Math.max(deadlineMs, pending.deadlineMs);
    }
    const remainingMs = Math.max(0, Math.ceil(lastDeadlineAtMs - clock.monotonicMs()));
    const envelope = { id: batch.id, deadlineMs, sentAtMs: clock.now(), attempt: batch.attempt };
    const content = encode(envelope, requests);
    const options = { correlationId: batch.id, expirationMs: remainingMs };
    if (content.length <= limits.messageBytesMax) this.#publish(line, batch, requests, content, options);
    // Values can grow on their way into a message, and the broker would close the connection over one too large.
    else if (requests.length === 1) this.#fail(batch, requests, tooLarge);
    else for (const placed of requests) this.#sendTogether(line, batch, [placed]);
  }

  /** Answers are not held up by the broker's confirm: it only matters when it is a refusal. */
  #publish(
    line: Line,
    batch: InFlight<P>,
    requests: readonly Placed<P>[],
    content: Buffer,
    options: PublishOptions,
  ): void {
    const publication = batch.publications;
    const span = this.#options.spanOf?.(requests, content.length);
    const published = line.publish(
      content,
      span === undefined ? options : { ...options, traceparent: span.traceparent },
    );
    if (span !== undefined) endWith(published, span);
    published.catch((error: unknown) => {
      // With the connection its fate is unknown: the next one sends it again. So does a repetition since then.
      if (line.ended.aborted || batch.publications !== publication) return;
      this.#fail(batch, requests, unavailable(`the queue did not take the request: ${messageOf(error)}`));
    });
  }
}

const endWith = (published: Promise<void>, span: Span): void =>
  void published.then(
    () => span.end(),
    (error: unknown) => span.end(messageOf(error)),
  );

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
