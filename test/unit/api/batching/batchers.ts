// Batchers over a line whose messages are seen and answered by hand, at a time of their own.
import { Batcher, type BatcherLimits } from "../../../../api/batching/batcher.ts";
import { Answers, encodeReads, encodeWrites, type Line } from "../../../../api/batching/broker.ts";
import {
  type PendingRead,
  type PendingWrite,
  packRead,
  packWrite,
  type Reply,
} from "../../../../api/batching/pending.ts";
import type { RefusalBody } from "../../../../core/errors.ts";
import {
  type Answer,
  type DecodedAnswer,
  decodeReadBatch,
  decodeWriteBatch,
  encodeAnswers,
  type ReadBatch,
  type WriteBatch,
} from "../../../../core/messages/queues.ts";
import { type Clock, systemClock } from "../../../../platform/process/clock.ts";
import type { PublishOptions } from "../../../../platform/rabbitmq/port.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";

const log = createLog({ program: "api", format: "json", level: "silent" });
export const turn = () => new Promise((resolve) => setImmediate(resolve));

class FakeClock implements Clock {
  ms = 1_000;
  now = () => 5_000_000 + this.ms;
  wallMs = () => this.now();
  monotonicMs = () => this.ms;
  sleep = systemClock.sleep;
  after = systemClock.after;
}

export class FakeLine implements Line {
  readonly #ended = new AbortController();
  readonly ended = this.#ended.signal;
  blocked = false;
  readonly sent: { content: Buffer; options: PublishOptions; refuse: (error: Error) => void }[] = [];

  publish(content: Buffer, options: PublishOptions): Promise<void> {
    return new Promise((_, refuse) => this.sent.push({ content, options, refuse }));
  }

  end() {
    this.#ended.abort(new Error("connection lost"));
  }

  reads = (): ReadBatch[] => this.sent.map(({ content }) => decodeReadBatch(content));
  writes = (): WriteBatch[] => this.sent.map(({ content }) => decodeWriteBatch(content));
}

export class Waiter implements Reply {
  readonly heard: string[] = [];
  answered({ ok, body, position }: DecodedAnswer, worker: string) {
    this.heard.push(`${ok ? "ok" : "no"} ${body.toString()} at ${position} by ${worker}`);
  }
  refused({ code }: RefusalBody) {
    this.heard.push(code);
  }
}

const limits: BatcherLimits = {
  batchItemsMax: 4,
  batchBytesMax: 100,
  messageBytesMax: 1_000,
  pendingRequestsMax: 20,
  pendingBytesMax: 1_000,
  brokerAwayMs: 1_000,
  lingerMs: 4,
};

export function readWorld(changed: Partial<BatcherLimits> = {}) {
  const clock = new FakeClock();
  const batcher = new Batcher<PendingRead>({
    idPrefix: "api-0-x-r",
    encode: encodeReads,
    messagesInFlight: () => 2,
    changesNothing: true,
    staleMs: 2_000,
    limits: { ...limits, ...changed },
    clock,
  });
  const line = new FakeLine();
  const answers = new Answers([batcher], log);
  const submit = (value: string | number = "v", options: Partial<PendingRead> = {}) => {
    const reply = new Waiter();
    batcher.submit({
      ...packRead({
        shape: { kind: "select", table: "t", columns: "*", where: { op: "=", column: "a", param: 0 } },
        params: [value],
      }),
      ...waiting(clock, reply),
      ...options,
    });
    return reply;
  };
  const answer = (batch: number, list: readonly Answer[]) =>
    answers.receive({
      content: encodeAnswers("w-1", list),
      correlationId: line.sent[batch]?.options.correlationId ?? "",
    });
  return { clock, batcher, line, answers, submit, answer };
}

export const ok = (index: number, body = "[]"): Answer => ({ index, ok: true, body, position: 7 });

/** What a request has beside its statement, ten seconds before its deadline. */
const waiting = (clock: FakeClock, reply: Waiter) => ({
  deadlineAtMs: clock.ms + 10_000,
  deadlineMs: clock.now() + 10_000,
  bytes: 10,
  reply,
});

export function writeWorld() {
  const clock = new FakeClock();
  const batcher = new Batcher<PendingWrite>({
    idPrefix: "api-0-x-w",
    encode: encodeWrites,
    messagesInFlight: () => 2,
    changesNothing: false,
    limits,
    clock,
  });
  const line = new FakeLine();
  batcher.connect(line);
  const submit = (value: string, options: Partial<PendingWrite> = {}) => {
    const reply = new Waiter();
    batcher.submit({
      ...packWrite({ shape: { kind: "insert", table: "t", columns: ["a"] }, rows: [[value]] }),
      ...waiting(clock, reply),
      ...options,
    });
    return reply;
  };
  return { clock, batcher, line, submit };
}
