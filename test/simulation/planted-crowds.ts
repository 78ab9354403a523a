// Mistakes with what is asked by many at once, is large, or takes long, which the simulation must notice, beside those of planted.ts.
import type { Planted } from "./mutants.ts";

export const ofCrowds: readonly Planted[] = [
  {
    name: "kept-pieces",
    title: "an API that keeps each piece of a body, and counts only what is in them",
    seed: 227,
    edits: [
      {
        file: "api/http/bodies.ts",
        find: "chunk.copy(this.#buffer, this.#length);",
        put: "chunk.copy(this.#buffer, this.#length); this.pieces = [this.pieces, chunk];",
      },
    ],
  },
  {
    name: "split-into-the-queue",
    title: "a master that ends when the queue is too full for the requests of a message that it takes apart",
    seed: 198,
    scale: [{ file: "worker/write/master.ts", find: "const prefetch = 128;", put: "const prefetch = 8;" }],
    edits: [
      {
        file: "worker/write/master.ts",
        find: "const writes = writesOf(message, batch, atMs, delivery.content.length);",
        put: `if (delivery.redelivered && batch.attempt === 1) {
        for (const one of batch.items) {
          const alone = { ...batch, attempt: 2, shapes: [batch.shapes[one.shape]], items: [{ ...one, shape: 0 }] };
          await rabbit.publish(queues.write, Buffer.from(JSON.stringify(alone)), delivery);
        }
        delivery.ack();
        continue;
      }
      const writes = writesOf(message, batch, atMs, delivery.content.length);`,
      },
      {
        file: "api/batching/broker.ts",
        find: "const options = { correlationId: batch.id, expirationMs: remainingMs };",
        put: "const options = { correlationId: batch.id };",
      },
    ],
  },
  {
    name: "split-at-once",
    title: "a slave that takes a message apart all at once, each request with all that stood in the message",
    seed: 683,
    edits: [
      {
        file: "core/messages/queues.ts",
        find: "return { ...batch, attempt: 2, shapes: [batch.shapes[item.shape]], items: [{ ...item, shape: 0 }] };",
        put: "return { ...batch, attempt: 2, items: [item] };",
      },
      {
        file: "worker/requests/deliveries.ts",
        find: "if (bytes >= splittingBytesMax) await settle();",
        put: "",
      },
    ],
  },
  {
    name: "slow-in-company",
    title: "a master that gives each slow write its whole time while others wait",
    seed: 89,
    edits: [
      { file: "worker/write/held-writes.ts", find: "const budgetMs = 100;", put: "const budgetMs = 60_000;" },
      {
        file: "worker/write/held-writes.ts",
        find: "const togetherMs = 100;",
        put: "const togetherMs = 60_000;",
      },
      {
        file: "worker/write/held-writes.ts",
        find: "isSlow(shape: WriteShape, schema: Schema, nowMs: number): boolean {",
        put: "isSlow(): boolean { return false;",
      },
      {
        file: "worker/write/ledger.ts",
        find: "this.#keepFirst(this.#fresh.indexOf(error.index));",
        put: "this.#fresh = this.#fresh.filter((i) => i !== error.index);",
      },
    ],
  },
  {
    name: "send-it-again",
    title:
      "a master that tells of a write that takes too long to send it again, and keeps that under its key",
    seed: 89,
    edits: [{ file: "worker/write/held-writes.ts", find: '"query_timeout",', put: '"unavailable",' }],
  },
];
