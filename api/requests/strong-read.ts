// A strong read sees every write that was answered before it came. A write that changes nothing takes a place in the log
// after all of those; the read is then answered by a copy that has reached this place.
import type { RefusalBody } from "../../core/errors.ts";
import type { DecodedAnswer } from "../../core/messages/queues.ts";
import { type PendingRead, type PendingWrite, packWrite, type Reply } from "../batching/pending.ts";

const barrier = packWrite({ shape: { kind: "barrier" }, rows: [[]] });

interface Receiver<P> {
  submit(pending: P): void;
}

export function submitStrongRead(
  read: PendingRead,
  reads: Receiver<PendingRead>,
  writes: Receiver<PendingWrite>,
): void {
  const { deadlineAtMs, deadlineMs, bytes } = read;
  writes.submit({
    ...barrier,
    deadlineAtMs,
    deadlineMs,
    bytes,
    reply: new BarrierReply(read, reads),
  });
}

class BarrierReply implements Reply {
  readonly #read: PendingRead;
  readonly #reads: Receiver<PendingRead>;

  constructor(read: PendingRead, reads: Receiver<PendingRead>) {
    this.#read = read;
    this.#reads = reads;
  }

  get span() {
    return this.#read.reply.span;
  }

  answered(answer: DecodedAnswer, worker: string): void {
    if (answer.ok) {
      const minPosition = Math.max(answer.position, this.#read.minPosition ?? 0);
      this.#reads.submit({ ...this.#read, minPosition });
    } else this.#read.reply.answered(answer, worker);
  }

  refused(refusal: RefusalBody): void {
    this.#read.reply.refused(refusal);
  }
}
