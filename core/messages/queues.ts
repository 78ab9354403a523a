// The queues by name, and the two messages that travel through them: a batch of requests and a batch of answers.
// One message carries every request of one event-loop turn: the broker's cost is per message, not per request.
import type { RefusalBody } from "../errors.ts";
import type { Place } from "../state/znodes.ts";
import type { Param, ReadShape, WriteShape } from "./statement.ts";

export const queues = {
  read: "readQ",
  write: "writeQ",
  sync: "syncQ",
  response: "responseQ",
  /** Requests that killed or blocked two workers end here, for an operator to look at. */
  dead: "deadQ",
  /** One message that the broker forgets at every restart: by it the workers see that the log may have lost its end. */
  boot: "bootQ",
} as const;

/** To which slaves on other hosts say what is on their disks: the queue of the master of that epoch, gone with it. */
export const witnessQueueOf = (epoch: number): string => `witnessQ-${epoch}`;

/** A slave's word on what its copy holds on its disk. */
export interface Confirmation extends Place {
  readonly worker: string;
  readonly host: string;
  /** Absent from a slave of an earlier version. */
  readonly copyId?: string;
}

/** Bounds that keep every buffer finite. RabbitMQ 4 refuses messages above 16 MiB. */
export const queueLimits = {
  readMessagesMax: 20_000,
  writeMessagesMax: 20_000,
  deadMessagesMax: 1_000,
  batchItemsMax: 128,
  batchBytesMax: 4 * 1024 * 1024,
  answerBytesMax: 8 * 1024 * 1024,
  messageBytesMax: 12 * 1024 * 1024,
} as const;

/** How each queue is declared. Everything is durable, of a type and with arguments that 3.10 and 4.x both accept. */
export const queueArguments = {
  [queues.read]: {
    "x-queue-type": "classic",
    "x-max-length": queueLimits.readMessagesMax,
    "x-overflow": "reject-publish",
  },
  [queues.write]: {
    "x-queue-type": "classic",
    "x-max-length": queueLimits.writeMessagesMax,
    "x-overflow": "reject-publish",
  },
  [queues.response]: { "x-queue-type": "classic" },
  [queues.dead]: {
    "x-queue-type": "classic",
    "x-max-length": queueLimits.deadMessagesMax,
    "x-overflow": "drop-head",
  },
  [queues.boot]: { "x-queue-type": "classic" },
} as const;

export const bootArguments = queueArguments[queues.boot];

/** Of several brokers each has such a queue of its own, which stays where it was made. */
export const bootQueueOf = (broker: number): string => `${queues.boot}-${broker + 1}`;

/**
 * How the queues of several brokers are declared: each is kept by a majority of them, within the same bounds. Answers are not: each
 * API process has a queue of its own, and its requests are sent again when that is lost.
 * @param isLimited the broker gives up a message after some deliveries unless it is told not to, as 4.x does. Older ones know no
 *   such number
 */
export const replicatedArguments = (isLimited: boolean) => {
  const quorum = { "x-queue-type": "quorum", ...(isLimited ? { "x-delivery-limit": -1 } : {}) } as const;
  return {
    [queues.read]: { ...queueArguments[queues.read], ...quorum },
    [queues.write]: { ...queueArguments[queues.write], ...quorum },
    [queues.dead]: { ...queueArguments[queues.dead], ...quorum },
  } as const;
};

/**
 * Retention is judged by whole segments, so they are small. A broker that becomes the log's leader looks at each segment, and reads the
 * last one record by record: with 16 MiB of small records that alone took up to 1.6 s, in which nothing is written.
 */
const segments = { count: 256, bytesMin: 4 * 1024 * 1024, bytesMax: 16 * 1024 * 1024 } as const;

const segmentBytes = (logBytes: number): number =>
  Math.min(segments.bytesMax, Math.max(segments.bytesMin, Math.ceil(logBytes / segments.count)));

/** The log's arguments. */
export const syncArguments = (
  retention: { readonly maxBytes: number; readonly maxAgeSeconds: number },
  replicas = 1,
) => ({
  ...(replicas === 1 ? {} : { "x-initial-cluster-size": replicas }),
  "x-queue-type": "stream",
  "x-max-length-bytes": retention.maxBytes,
  "x-max-age": `${retention.maxAgeSeconds}s`,
  "x-stream-max-segment-size-bytes": segmentBytes(retention.maxBytes),
});

/** What binds a read beside its statement. All are whole numbers; what is absent binds nothing. */
export interface ReadBounds {
  /** Answer only from a copy that has applied at least this position. */
  readonly minPosition?: number;
}

/** Their names: what takes them out of a request or writes them goes by these, so that none is forgotten there. */
export const readBounds = Object.keys({
  minPosition: true,
} satisfies Record<keyof ReadBounds, true>) as readonly (keyof ReadBounds)[];

/** One request of a batch. Its index is its address: answers name it, and it survives when a batch is split. */
export interface ReadItem extends ReadBounds {
  readonly index: number;
  /** Index into the batch's shapes. */
  readonly shape: number;
  readonly params: readonly Param[];
}

export interface WriteItem {
  readonly index: number;
  readonly shape: number;
  readonly rows: readonly (readonly Param[])[];
  /** Applied at most once under this key. `c:` + the client's own, or made by the API. */
  readonly key: string;
  /**
   * Unix ms by the clock of the API that took the request; the same in every copy of it. The API has answered by then and
   * never sends it again afterwards. Absent in messages of an older API: their batch's deadline holds.
   */
  readonly deadlineMs?: number;
  /** Set with a client's own key: tells a repeat of the same request from another request under the same key. */
  readonly hash?: string;
}

interface Batch<Shape, Item> {
  readonly v: 1;
  /** Unix ms: the latest deadline of the batch's requests. The API waits for none of them afterwards. */
  readonly deadlineMs: number;
  /** Unix ms by the same clock when this message was sent. Absent in messages of an older API. */
  readonly sentAtMs?: number;
  /** 2 marks a request that has already outlived one worker. */
  readonly attempt: 1 | 2;
  readonly shapes: readonly Shape[];
  readonly items: readonly Item[];
}

export type ReadBatch = Batch<ReadShape, ReadItem>;
export type WriteBatch = Batch<WriteShape, WriteItem>;

export const encodeBatch = (batch: ReadBatch | WriteBatch): Buffer => Buffer.from(JSON.stringify(batch));

/**
 * How long after it was sent its client waits for a request, at most. Both times are by the API's clock, and only their
 * difference is used: the clocks of two programs are never compared.
 */
export const waitMsOf = (
  { deadlineMs, sentAtMs }: Pick<Batch<unknown, unknown>, "deadlineMs" | "sentAtMs">,
  item: { readonly deadlineMs?: number } = {},
): number =>
  sentAtMs === undefined ? Number.POSITIVE_INFINITY : Math.max(0, (item.deadlineMs ?? deadlineMs) - sentAtMs);

/** One request of a batch as a batch of its own, marked as one that has outlived a worker: with its own shape and no other. */
export function suspectOf<B extends ReadBatch | WriteBatch>(batch: B, item: B["items"][number]): B {
  return { ...batch, attempt: 2, shapes: [batch.shapes[item.shape]], items: [{ ...item, shape: 0 }] };
}

const decodeBatch = <T extends ReadBatch | WriteBatch>(content: Buffer, what: string): T => {
  // The only writers of these queues are our own API processes, so no more is checked than what a worker needs to settle a
  // message at all: one that it can neither work on nor put aside would come back to every worker for ever.
  const batch = JSON.parse(content.toString("utf8")) as T;
  if (batch?.v !== 1 || !Array.isArray(batch.shapes) || !Array.isArray(batch.items))
    throw new Error(`${what} batch of an unknown version`);
  for (const item of batch.items)
    if (!Number.isSafeInteger(item?.index) || batch.shapes[item.shape] === undefined)
      throw new Error(`${what} batch with an item that has no place or no shape`);
  return batch;
};

export const decodeReadBatch = (content: Buffer): ReadBatch => decodeBatch<ReadBatch>(content, "read");
export const decodeWriteBatch = (content: Buffer): WriteBatch => decodeBatch<WriteBatch>(content, "write");

/** The answer to one item. `body` is JSON text made by the worker (often by SQLite itself) and is passed on as bytes. */
export interface Answer {
  readonly index: number;
  readonly ok: boolean;
  readonly body: Buffer | string;
  /** The log position of this write, or the position the read's copy had reached. */
  readonly position: number;
}

export interface AnswerHead {
  readonly worker: string;
  /** [index, ok, bytes, position] for each body that follows. */
  readonly answers: readonly (readonly [index: number, ok: 0 | 1, bytes: number, position: number])[];
}

const newline = 0x0a;

/**
 * One line of JSON, then the bodies one after another. The API finds every body by its length and never parses it.
 * @source `Answer` bodies must be JSON; a refusal's is a `RefusalBody`
 */
export function encodeAnswers(worker: string, answers: readonly Answer[]): Buffer {
  const bodies = answers.map((answer) =>
    typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body,
  );
  const head: AnswerHead = {
    worker,
    answers: answers.map((answer, i) => [
      answer.index,
      answer.ok ? 1 : 0,
      bodies[i]?.length ?? 0,
      answer.position,
    ]),
  };
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...bodies]);
}

export interface DecodedAnswer extends Answer {
  readonly body: Buffer;
}

/** @throws Error when the content is not an answer batch of this version */
export function decodeAnswers(content: Buffer): {
  readonly worker: string;
  readonly answers: DecodedAnswer[];
} {
  const headEnd = content.indexOf(newline);
  if (headEnd < 0) throw new Error("answer batch without a head");
  const head = JSON.parse(content.toString("utf8", 0, headEnd)) as AnswerHead;
  let at = headEnd + 1;
  const answers = head.answers.map(([index, ok, bytes, position]): DecodedAnswer => {
    const body = content.subarray(at, at + bytes);
    at += bytes;
    return { index, ok: ok === 1, body, position };
  });
  return { worker: head.worker, answers };
}

export const refusalAnswer = (index: number, refusal: RefusalBody, position: number): Answer => ({
  index,
  ok: false,
  body: JSON.stringify(refusal),
  position,
});
