// Between the batchers and RabbitMQ, there and back, over one connection after the other.
//
// A batch leaves as messages on its queue, usually one. The bytes of a message are put together from the requests' own JSON, in the form
// of `ReadBatch` and `WriteBatch` (core/messages/queues.ts); requests that differ only in their values share one shape.
//
// Answers come in from responseQ. One that no request waits for is ordinary: its request was sent twice, its time was up, or an earlier
// process had asked.
import { messageOf, type RefusalBody } from "../../core/errors.ts";
import { type DecodedAnswer, decodeAnswers, queues, readBounds } from "../../core/messages/queues.ts";
import type { QueueDepths } from "../../core/state/stats.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { BrokerConnection, Delivery, PublishOptions } from "../../platform/rabbitmq/port.ts";
import type { Log } from "../../platform/telemetry/log.ts";
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

const bounds = readBounds.map((name) => ({ name, before: `,${JSON.stringify(name)}:` }));

export function encodeReads(envelope: Envelope, placed: readonly Placed<PendingRead>[]): Buffer {
  const shapes = new DistinctShapes();
  let items = "";
  for (const { index, pending } of placed) {
    const { shape, params } = pending;
    if (items !== "") items += ",";
    items += `{"index":${index},"shape":${shapes.indexOf(shape)},"params":${params}`;
    let end = "}";
    for (const { name, before } of bounds) {
      const bound = pending[name];
      if (bound !== undefined) end = `${before}${bound}${end}`;
    }
    items += end;
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

export interface Receiver {
  accept(id: string, worker: string, answers: readonly DecodedAnswer[]): boolean;
}

export class Answers {
  /** Batches of answers that nobody waited for. */
  dropped = 0;
  readonly #receivers: readonly Receiver[];
  readonly #log: Log;

  constructor(receivers: readonly Receiver[], log: Log) {
    this.#receivers = receivers;
    this.#log = log;
  }

  readonly receive = ({ content, correlationId }: Pick<Delivery, "content" | "correlationId">): void => {
    try {
      const { worker, answers } = decodeAnswers(content);
      for (const receiver of this.#receivers) if (receiver.accept(correlationId, worker, answers)) return;
      this.dropped += 1;
    } catch (error) {
      this.#log.error({ correlationId, error: messageOf(error) }, "dropped an answer that cannot be read");
    }
  };
}

export interface BrokerUsers {
  readonly reads: { connect(line: Line): void };
  readonly writes: { connect(line: Line): void };
  readonly answers: Answers;
}

const suffixLength = 8;
export const firstApiId = "api-0";

export class Broker {
  readonly #users: BrokerUsers;
  readonly #apiId: string;
  readonly #newId: () => string;
  #rabbit: BrokerConnection | undefined;
  #replyTo: string = queues.response;

  constructor(users: BrokerUsers, { id, newId }: { readonly id: string; readonly newId: () => string }) {
    this.#users = users;
    this.#apiId = id;
    this.#newId = newId;
  }

  get connected(): boolean {
    return this.#rabbit !== undefined && !this.#rabbit.ended.aborted && !this.#rabbit.blocked;
  }

  /** For those who ask workers themselves. */
  get connection(): BrokerConnection | undefined {
    return this.connected ? this.#rabbit : undefined;
  }

  /** @returns null without a connection; @throws when a queue is not there yet */
  readonly depths = async (): Promise<QueueDepths | null> => {
    if (this.#rabbit === undefined || this.#rabbit.ended.aborted) return null;
    const [shared, own] = await Promise.all([
      this.#rabbit.depths(["readQ", "writeQ", "syncQ", "deadQ"]),
      this.#rabbit.depths([this.#replyTo]),
    ]);
    return { ...shared, responseQ: own[this.#replyTo] ?? 0 };
  };

  /**
   * @returns the queue that answers come to
   * @throws TransientError or TerminalError when the queues cannot be had
   */
  readonly use = async (rabbit: BrokerConnection, scope: AbortSignal): Promise<string> => {
    await rabbit.declareQueues();
    const replyTo = await this.#answerQueue(rabbit);
    // Answers are not acked: one that is lost with the process has nobody left to go to.
    await rabbit.consume(replyTo, { prefetch: 0, noAck: true }, this.#users.answers.receive);
    scope.throwIfAborted();
    this.#rabbit = rabbit;
    this.#replyTo = replyTo;
    this.#users.reads.connect(lineTo(rabbit, queues.read, replyTo));
    this.#users.writes.connect(lineTo(rabbit, queues.write, replyTo));
    return replyTo;
  };

  /**
   * Each further API process has a queue of its own, or it would take answers that others wait for. Each connection has another
   * one: the broker may not know yet that the last connection is lost, and until it does that queue is taken.
   */
  #answerQueue(rabbit: BrokerConnection): Promise<string> {
    return this.#apiId === firstApiId
      ? Promise.resolve(queues.response)
      : rabbit.declareTemporary(`${queues.response}.${this.#apiId}.${this.#newId().slice(0, suffixLength)}`);
  }
}

const lineTo = (rabbit: BrokerConnection, queue: string, replyTo: string): Line => ({
  ended: rabbit.ended,
  get blocked() {
    return rabbit.blocked;
  },
  publish: (content, options) => rabbit.publish(queue, content, { ...options, replyTo }),
});
