// The whole log as it stands in the broker, read on from one checkpoint to the next. When the stream was made anew in the
// meantime, a new life of the log begins.
import { setTimeout as sleep } from "node:timers/promises";
import { checksumOf } from "../../../core/log/record.ts";
import { queues } from "../../../core/messages/queues.ts";
import type { BrokerConnection, Delivery } from "../../../platform/rabbitmq/port.ts";
import { found, until } from "../../cluster/until.ts";
import type { LogLife } from "../check/log.ts";
import { type LogLine, logLineOf } from "../check/log-line.ts";

const patience = {
  /** Nothing more comes. */
  quietMs: 300,
  firstWithinMs: 3_000,
  readWithinMs: 60_000,
} as const;

/** Uses a connection of its own. */
export type WithLog = <T>(use: (rabbit: LogSource) => Promise<T>) => Promise<T>;

export type LogSource = Pick<BrokerConnection, "consume" | "ended">;

type Patience = Readonly<Record<keyof typeof patience, number>>;

interface Life extends LogLife {
  readonly lines: LogLine[];
}

export class LogReader {
  readonly lives: Life[] = [];
  readonly #withBroker: WithLog;
  readonly #patience: Patience;
  #last: { readonly offset: number; readonly checksum: string } | null = null;

  constructor(withBroker: WithLog, limits: Partial<Patience> = {}) {
    this.#withBroker = withBroker;
    this.#patience = { ...patience, ...limits };
  }

  /** Reads what is new, at least up to a batch of this position. */
  async readTo(position: number): Promise<void> {
    if (this.#last !== null && (await this.#goesOn(position))) return;
    this.lives.push({ lines: [] });
    this.#last = null;
    if (!(await this.#goesOn(position))) throw new Error("the log was made anew while it was read");
  }

  /**
   * A broker may give nothing, or no more, of a log whose replicas change their leader: it is read on by another connection then.
   * @returns false when the log does not go on where the last look ended
   */
  #goesOn(position: number): Promise<boolean> {
    return until(
      `the log is read up to position ${position}, which every copy has`,
      this.#patience.readWithinMs,
      async () => found(await this.#readFrom(this.#last?.offset ?? "first", position)),
    );
  }

  #readFrom(offset: number | "first", position: number): Promise<boolean> {
    const { quietMs, firstWithinMs } = this.#patience;
    return this.#withBroker(async (rabbit) => {
      const arrived: Delivery[] = [];
      await rabbit.consume(queues.sync, { prefetch: 500, streamOffset: offset }, (delivery) => {
        arrived.push(delivery);
        delivery.ack();
      });
      const startedAtMs = performance.now();
      let known = this.#last;
      let reached = false;
      let quietSinceMs = startedAtMs;
      for (;;) {
        const nowMs = performance.now();
        if (arrived.length === 0) {
          if (reached && nowMs - quietSinceMs > quietMs) return true;
          if (known !== null && nowMs - startedAtMs > firstWithinMs) {
            if ((await endOf(rabbit, firstWithinMs)) < known.offset) return false;
            throw new Error("the broker gives nothing of a log that goes on");
          }
          rabbit.ended.throwIfAborted();
          if (nowMs - quietSinceMs > firstWithinMs) throw new Error("the broker gives no more of it");
          await sleep(20);
          continue;
        }
        quietSinceMs = nowMs;
        for (const delivery of arrived.splice(0)) {
          if (known !== null) {
            const same =
              delivery.streamOffset === known.offset && checksumOf(delivery.content) === known.checksum;
            if (!same) return false;
            known = null;
            reached ||= (this.lives.at(-1)?.lines.at(-1)?.position ?? 0) >= position;
            continue;
          }
          const line = logLineOf(delivery.content, delivery.streamOffset);
          this.lives.at(-1)?.lines.push(line);
          this.#last = { offset: delivery.streamOffset, checksum: checksumOf(delivery.content) };
          if (line.position >= position) reached = true;
        }
      }
    });
  }
}

/** @returns the offset of its last record. @throws when the broker gives none */
async function endOf(rabbit: LogSource, withinMs: number): Promise<number> {
  const offsets: number[] = [];
  const chunk = { prefetch: 500, streamOffset: "last" } as const;
  const consumer = await rabbit.consume(queues.sync, chunk, (delivery) => {
    offsets.push(delivery.streamOffset);
    delivery.ack();
  });
  await sleep(withinMs);
  await consumer.close();
  const last = offsets.at(-1);
  if (last === undefined) throw new Error("the broker gives nothing of the log");
  return last;
}
