// A worker's work as it is measured and traced, in one place around the roles: they only hand on the trace that a message came
// with. Of a commit, that is its three calls: prepare, append, commit.
//
// A span for each message, from its arrival to its ack; one for each commit, and in it one for its record's way through the
// log; one for each transaction that applies records. Without traces there are no spans; the measures are taken in any case.
import { messageOf } from "../core/errors.ts";
import { queues } from "../core/messages/queues.ts";
import type { Clock } from "../platform/process/clock.ts";
import type { Consumer, Delivery } from "../platform/rabbitmq/port.ts";
import { messaging, type Span, type SpanStart, type Tracing } from "../platform/telemetry/tracing.ts";
import type { Measures } from "./measures.ts";
import type { Broker, Ledger, LogEntry, RecordWriter } from "./ports.ts";
import type { AnswerReads } from "./read/slave.ts";
import type { CommitInput, Draft, LogPlace, NewRecord } from "./write/draft.ts";

const backToQueue = "given back to the queue";

/** One for a session of a worker: it knows which messages the worker has in hand, and which commit is under way. */
export class Observed {
  readonly #measures: Measures;
  readonly #tracing: Tracing | undefined;
  readonly #worker: string;
  readonly #clock: Clock;
  /** By what they are to those who follow from them. */
  readonly #inHand = new Map<string, Span>();
  /** A master makes one commit at a time. */
  #commit: Span | undefined;

  /** @param tracing undefined while traces are off */
  constructor(measures: Measures, tracing: Tracing | undefined, worker: string, clock: Clock) {
    this.#measures = measures;
    this.#tracing = tracing;
    this.#worker = worker;
    this.#clock = clock;
  }

  ledger(ledger: Ledger): Ledger {
    return {
      copyId: ledger.copyId,
      get applied() {
        return ledger.applied;
      },
      get schema() {
        return ledger.schema;
      },
      known: (keys) => ledger.known(keys),
      newestKeyMs: () => ledger.newestKeyMs(),
      syncEveryCommit: (on) => ledger.syncEveryCommit(on),
      sync: () => ledger.sync(),
      apply: (entries) => this.#apply(ledger, entries),
      prepare: (input) => this.#prepare(ledger, input),
    };
  }

  writer(writer: RecordWriter): RecordWriter {
    return {
      append: (record) => this.#append(writer, record),
      lookForSuccessor: () => writer.lookForSuccessor(),
      end: () => writer.end(),
    };
  }

  reads(answer: AnswerReads): AnswerReads {
    return async (batch, reply) => {
      const startedAtMs = this.#clock.monotonicMs();
      await answer(batch, reply);
      this.#measures.readTimes.observe(this.#clock.monotonicMs() - startedAtMs);
    };
  }

  broker(rabbit: Broker): Broker {
    if (this.#tracing === undefined) return rabbit;
    return {
      ended: rabbit.ended,
      publish: (queue, content, message) => rabbit.publish(queue, content, message),
      send: (queue, content, message) => rabbit.send(queue, content, message),
      cleared: () => rabbit.cleared(),
      consume: async (queue, options, onDelivery) => {
        const inHand = new Set<Span>();
        const consumer = await rabbit.consume(queue, options, (delivery) =>
          onDelivery(this.#processing(queue, delivery, inHand)),
        );
        const giveBack = () => {
          for (const span of inHand) this.#settle(span, inHand, backToQueue);
        };
        rabbit.ended.addEventListener("abort", giveBack, { once: true });
        return closing(consumer, giveBack);
      },
    };
  }

  async #apply(ledger: Ledger, entries: readonly LogEntry[]): Promise<void> {
    const span = this.#follow(
      entries.flatMap(({ traceparent }) => traceparent ?? []),
      {
        name: `apply ${queues.sync}`,
        kind: "consumer",
        attributes: {
          ...messaging(queues.sync, "apply", "process"),
          "messaging.batch.message_count": entries.length,
          "dbaas.worker": this.#worker,
        },
      },
    );
    await during(span, () => ledger.apply(entries));
    span?.set({ "dbaas.position": ledger.applied.position });
    span?.end();
    const last = entries.at(-1);
    if (last === undefined) return;
    this.#measures.recordsApplied += entries.length;
    this.#measures.applyDelayMs = Math.max(0, this.#clock.now() - last.record.atMs);
  }

  /** The first of the three calls of a commit: from here to the end of the last one is its time. */
  async #prepare(ledger: Ledger, input: CommitInput): Promise<Draft> {
    const startedAtMs = this.#clock.monotonicMs();
    const span = this.#commitSpan(input);
    const draft = await during(span, () => ledger.prepare(input));
    return {
      record: draft.record,
      commit: async (place) => {
        const outcomes = await during(span, () => draft.commit(place));
        span?.set({ "dbaas.position": ledger.applied.position });
        span?.end();
        this.#measures.commitTimes.observe(this.#clock.monotonicMs() - startedAtMs);
        if (input.writes.length > 0) this.#measures.commitSizes.observe(input.writes.length);
        return outcomes;
      },
      rollbackUnlessCommitted: () => draft.rollbackUnlessCommitted(),
    };
  }

  #commitSpan({ writes, epoch, causes = [] }: CommitInput): Span | undefined {
    const span = this.#follow(causes, {
      name: "commit",
      kind: "internal",
      attributes: {
        "dbaas.worker": this.#worker,
        "dbaas.epoch": epoch,
        "dbaas.requests": writes.length,
        "dbaas.rows": writes.reduce((rows, { item }) => rows + item.rows.length, 0),
      },
    });
    this.#commit = span;
    if (span !== undefined && causes.length > 1)
      for (const cause of causes) this.#inHand.get(cause)?.link(span.traceparent);
    return span;
  }

  /** From the record's publication until it was read back in its place. */
  async #append(writer: RecordWriter, record: NewRecord): Promise<LogPlace> {
    const commit = this.#commit;
    if (commit === undefined) return writer.append(record);
    const span = this.#follow([commit.traceparent], {
      name: `publish ${queues.sync}`,
      kind: "producer",
      attributes: {
        ...messaging(queues.sync, "publish", "send"),
        "messaging.message.body.size": record.content.length,
      },
    });
    const traced = span === undefined ? record : { ...record, traceparent: span.traceparent };
    // Without its record, the commit has failed as well.
    const place = await during(commit, () => during(span, () => writer.append(traced)));
    span?.set({ "dbaas.offset": place.offset });
    span?.end();
    return place;
  }

  /** What follows from the message follows from its processing. */
  #processing(queue: string, delivery: Delivery, inHand: Set<Span>): Delivery {
    const { traceparent, content, correlationId, redelivered } = delivery;
    if (traceparent === undefined) return delivery;
    const span = this.#follow([traceparent], {
      name: `process ${queue}`,
      kind: "consumer",
      attributes: {
        ...messaging(queue, "process", "process"),
        "messaging.message.conversation_id": correlationId,
        "messaging.message.body.size": content.length,
        "dbaas.worker": this.#worker,
        "dbaas.redelivered": redelivered,
      },
    });
    if (span === undefined) return delivery;
    inHand.add(span);
    this.#inHand.set(span.traceparent, span);
    return {
      ...delivery,
      traceparent: span.traceparent,
      ack: () => {
        delivery.ack();
        this.#settle(span, inHand);
      },
      requeue: () => {
        delivery.requeue();
        this.#settle(span, inHand, backToQueue);
      },
    };
  }

  #settle(span: Span, inHand: Set<Span>, failure?: string): void {
    inHand.delete(span);
    this.#inHand.delete(span.traceparent);
    span.end(failure);
  }

  #follow(causes: readonly string[], start: SpanStart): Span | undefined {
    return this.#tracing?.follow(causes, start);
  }
}

/** Ends the span as failed when the work fails; otherwise its owner ends it. */
async function during<T>(span: Span | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    span?.end(messageOf(error));
    throw error;
  }
}

const closing = (consumer: Consumer, onClose: () => void): Consumer => ({
  cancel: () => consumer.cancel(),
  close: async () => {
    await consumer.close();
    onClose();
  },
});
