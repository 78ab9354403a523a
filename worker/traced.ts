// A worker's part of a trace: a span for each message, from its arrival to its ack; one for each commit, and in it one for
// its record's way through the log; one for each transaction that applies records. Like the measures it stands around the
// roles, which only hand on the trace that a message came with. Made only where traces are on.
import { messageOf } from "../core/errors.ts";
import { queues } from "../core/messages/queues.ts";
import type { Consumer, Delivery } from "../platform/rabbitmq/rabbit.ts";
import { messaging, type Span, type Tracing } from "../platform/telemetry/tracing.ts";
import type { Broker, Ledger } from "./ports.ts";
import type { Append, CommitInput } from "./write/commit-batch.ts";

const backToQueue = "given back to the queue";

/** One for a life: it knows which messages this worker has in hand. */
export class Traced {
  readonly #tracing: Tracing;
  readonly #worker: string;
  /** By what they are to those who follow them. */
  readonly #inHand = new Map<string, Span>();

  constructor(tracing: Tracing, worker: string) {
    this.#tracing = tracing;
    this.#worker = worker;
  }

  broker(rabbit: Broker): Broker {
    return {
      ended: rabbit.ended,
      publish: (queue, content, options) => rabbit.publish(queue, content, options),
      send: (queue, content, options) => rabbit.send(queue, content, options),
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

  /** What follows from the message follows from its processing. */
  #processing(queue: string, delivery: Delivery, inHand: Set<Span>): Delivery {
    const { traceparent, content, correlationId, redelivered } = delivery;
    const span =
      traceparent === undefined
        ? undefined
        : this.#tracing.follow([traceparent], {
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

  ledger(ledger: Ledger): Ledger {
    return {
      get applied() {
        return ledger.applied;
      },
      get schema() {
        return ledger.schema;
      },
      known: (keys) => ledger.known(keys),
      newestKeyMs: () => ledger.newestKeyMs(),
      syncEveryCommit: (on) => ledger.syncEveryCommit(on),
      apply: async (entries) => {
        const causes = entries.flatMap(({ traceparent }) => traceparent ?? []);
        const span = this.#tracing.follow(causes, {
          name: `apply ${queues.sync}`,
          kind: "consumer",
          attributes: {
            ...messaging(queues.sync, "apply", "process"),
            "messaging.batch.message_count": entries.length,
            "dbaas.worker": this.#worker,
          },
        });
        await during(span, () => ledger.apply(entries));
        span?.set({ "dbaas.position": ledger.applied.position });
        span?.end();
      },
      commit: (input, append) => this.#commit(ledger, input, append),
    };
  }

  async #commit(ledger: Ledger, input: CommitInput, append: Append): ReturnType<Ledger["commit"]> {
    const { writes, epoch, causes = [] } = input;
    const span = this.#tracing.follow(causes, {
      name: "commit",
      kind: "internal",
      attributes: {
        "dbaas.worker": this.#worker,
        "dbaas.epoch": epoch,
        "dbaas.requests": writes.length,
        "dbaas.rows": writes.reduce((rows, { item }) => rows + item.rows.length, 0),
      },
    });
    if (span === undefined) return ledger.commit(input, append);
    if (causes.length > 1) for (const cause of causes) this.#inHand.get(cause)?.link(span.traceparent);
    const results = await during(span, () =>
      ledger.commit(input, (content) => this.#append(span, content, append)),
    );
    span.set({ "dbaas.position": ledger.applied.position });
    span.end();
    return results;
  }

  /** From the record's publication until it was read back in its place. */
  #append(commit: Span, content: Buffer, append: Append): ReturnType<Append> {
    const span = this.#tracing.follow([commit.traceparent], {
      name: `publish ${queues.sync}`,
      kind: "producer",
      attributes: {
        ...messaging(queues.sync, "publish", "send"),
        "messaging.message.body.size": content.length,
      },
    });
    return during(span, async () => {
      const place = await append(content, span?.traceparent);
      span?.set({ "dbaas.offset": place.offset });
      span?.end();
      return place;
    });
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
