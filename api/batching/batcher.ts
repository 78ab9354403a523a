// The way of every read and write: HTTP -> BATCHER -> queue -> worker -> answers -> HTTP.
//
// What arrives in one turn of the event loop travels as one message, because the broker's cost is per message. A lone
// request goes out at the end of its own turn. While messages are on their way, requests wait until they are as many as one
// of these still holds, an answer comes, or a few milliseconds have passed: so the messages of many clients become equal
// halves of all that they ask, one under way while the other gathers.
//
// A request is kept here until it is answered or its time is up. When an answer may have been lost (a new master, a new
// connection, a silent slave), its batch is sent again under the same id and keys: a write is applied once by its key,
// and of two answers the second finds nobody waiting.
import type { RefusalBody } from "../../core/errors.ts";
import type { DecodedAnswer } from "../../core/messages/queues.ts";
import type { Cancel } from "../../platform/process/clock.ts";
import { Distribution, sizeScale } from "../../platform/telemetry/distribution.ts";
import { type Line, Sender, type SenderLimits, type SenderOptions } from "./broker.ts";
import {
  Admission,
  type AdmissionLimits,
  InFlight,
  type Pending,
  type Placed,
  unavailable,
  Waiting,
} from "./pending.ts";

export interface BatcherLimits extends AdmissionLimits, SenderLimits {
  readonly batchItemsMax: number;
  readonly batchBytesMax: number;
  readonly lingerMs: number;
}

export interface BatcherOptions<P extends Pending> extends SenderOptions<P> {
  /** Unique for ever: ids of batches start with it. */
  readonly idPrefix: string;
  /** Messages on their way before requests wait for others. */
  readonly messagesInFlight: () => number;
  /** Sent once more when no answer to any of it came for so long, and others were answered. */
  readonly staleMs?: number;
  /** A request that got no answer has changed nothing. */
  readonly changesNothing: boolean;
  readonly limits: BatcherLimits;
}

export class Batcher<P extends Pending> {
  readonly #options: BatcherOptions<P>;
  readonly #admission: Admission;
  readonly #waiting = new Waiting<P>();
  readonly #inFlight = new Map<string, InFlight<P>>();
  readonly #sender: Sender<P>;
  #line: Line | undefined;
  #batches = 0;
  #newestAnsweredSentAtMs = 0;
  /** Monotonic. */
  #unansweredSinceMs: number | undefined;
  #connectedAtMs = 0;
  #turnEndAwaited = false;
  /** Once the broker takes messages again. */
  #repeatDue = false;
  /** Ends the wait of requests for others. */
  #stopLingering: Cancel | undefined;

  /** Requests in each message, as they were sent first. */
  readonly sizes = new Distribution(sizeScale);
  /** Batches that were sent once more. */
  repeats = 0;
  /** The highest position of all that was answered with success: of writes what was acknowledged. */
  newestPosition = 0;

  constructor(options: BatcherOptions<P>) {
    this.#options = options;
    this.#sender = new Sender(options, (batch, requests, refusal) => this.#fail(batch, requests, refusal));
    this.#admission = new Admission(options.limits, options.clock.monotonicMs());
  }

  /**
   * For how long what was asked first of all that has no answer has waited, over this line, in ms; also when its time was up in between,
   * until another answer comes. 0 where the broker takes nothing.
   */
  get unansweredMs(): number {
    if (this.#unansweredSinceMs === undefined || this.#line?.blocked !== false) return 0;
    return this.#options.clock.monotonicMs() - this.#unansweredSinceMs;
  }

  /** Requests that wait for their answers. */
  get pending(): number {
    return this.#admission.requests;
  }

  submit(pending: P): void {
    const refusal = this.#admission.admit(pending.bytes, this.#options.clock.monotonicMs());
    if (refusal === undefined) {
      this.#waiting.add(pending);
      this.#flushAtTurnEnd();
    } else pending.reply.refused(refusal);
  }

  /** Takes the line into use until it ends. What was sent over an earlier one and not answered is sent again. */
  connect(line: Line): void {
    this.#line = line;
    const nowMs = this.#options.clock.monotonicMs();
    this.#unansweredSinceMs = this.#inFlight.size === 0 ? undefined : nowMs;
    this.#connectedAtMs = nowMs;
    this.#admission.brokerSeen(!line.blocked, nowMs);
    line.ended.addEventListener("abort", () => this.#disconnect(line), { once: true });
    for (const batch of this.#inFlight.values()) this.#publish(batch);
    this.#flush();
  }

  #disconnect(line: Line): void {
    if (this.#line !== line) return;
    this.#line = undefined;
    this.#admission.brokerSeen(false, this.#options.clock.monotonicMs());
  }

  /** Sends every unanswered request again, each alone: the worker that held it is gone, perhaps because of one of them. */
  repeat(): void {
    // Copies for a broker that takes none would pile up in this process, one more for each new master.
    this.#repeatDue = this.#line?.blocked === true;
    if (!this.#repeatDue) for (const batch of this.#inFlight.values()) this.#publishAlone(batch);
  }

  /** @returns false when the batch is not, or no longer, one of ours */
  accept(id: string, worker: string, answers: readonly DecodedAnswer[]): boolean {
    const batch = this.#inFlight.get(id);
    if (batch === undefined) return false;
    this.#newestAnsweredSentAtMs = Math.max(this.#newestAnsweredSentAtMs, batch.sentAtMs);
    batch.movedAtMs = this.#options.clock.monotonicMs();
    for (const answer of answers) {
      const pending = batch.take(answer.index);
      if (pending === undefined) continue;
      this.#admission.release(pending.bytes);
      if (answer.ok && answer.position > this.newestPosition) this.newestPosition = answer.position;
      pending.reply.answered(answer, worker);
    }
    this.#forgetIfDone(batch);
    this.#waitForOldest();
    return true;
  }

  /** To be called a few times a second: one look at all deadlines instead of a timer for each request. */
  sweep(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#admission.brokerSeen(this.#line?.blocked === false, nowMs);
    if (this.#repeatDue) this.repeat();
    for (const pending of this.#waiting.takeExpired(nowMs)) this.#expire(pending);
    for (const batch of this.#inFlight.values()) {
      for (const pending of batch.takeExpired(nowMs)) this.#expire(pending);
      this.#forgetIfDone(batch);
      if (this.#isStale(batch, nowMs)) this.#publishAlone(batch);
    }
  }

  /**
   * Under mere overload everything is late, in the order in which it was sent: sending it again would add to that. A batch of which
   * answers still come is in good hands.
   */
  #isStale(batch: InFlight<P>, nowMs: number): boolean {
    const { staleMs = Number.POSITIVE_INFINITY, messagesInFlight } = this.#options;
    if (this.#line === undefined || batch.publications !== 1 || nowMs - batch.movedAtMs < staleMs)
      return false;
    return batch.sentAtMs < this.#newestAnsweredSentAtMs || this.#inFlight.size <= messagesInFlight();
  }

  #expire(pending: P): void {
    const unknown = "; it may still be carried out, and can be sent again under its Idempotency-Key";
    this.#refuse(pending, unavailable(`no answer in time${this.#options.changesNothing ? "" : unknown}`));
  }

  #refuse(pending: P, refusal: RefusalBody): void {
    this.#admission.release(pending.bytes);
    pending.reply.refused(refusal);
  }

  #flushAtTurnEnd(): void {
    if (this.#turnEndAwaited) return;
    this.#turnEndAwaited = true;
    setImmediate(this.#onTurnEnd);
  }

  readonly #onTurnEnd = (): void => {
    this.#turnEndAwaited = false;
    if (!this.#waiting.any) return;
    if (this.#isWorthAMessage()) this.#flush();
    else this.#stopLingering ??= this.#options.clock.after(this.#options.limits.lingerMs, this.#flush);
  };

  #isWorthAMessage(): boolean {
    if (this.#inFlight.size >= this.#options.messagesInFlight()) return false;
    const held = [...this.#inFlight.values()].map(({ rest }) => rest);
    return held.length === 0 || this.#waiting.count >= Math.min(...held);
  }

  readonly #flush = (): void => {
    this.#stopLingering?.();
    this.#stopLingering = undefined;
    const { batchItemsMax, batchBytesMax } = this.#options.limits;
    while (this.#line !== undefined && this.#waiting.any) {
      this.#batches += 1;
      const id = `${this.#options.idPrefix}-${this.#batches}`;
      const batch = new InFlight(
        id,
        this.#waiting.takeBatch(batchItemsMax, batchBytesMax),
        this.#options.clock.monotonicMs(),
      );
      this.#inFlight.set(id, batch);
      this.#unansweredSinceMs ??= batch.sentAtMs;
      this.sizes.observe(batch.size);
      this.#publish(batch);
    }
  };

  #publishAlone(batch: InFlight<P>): void {
    batch.attempt = 2;
    this.#publish(batch);
  }

  #publish(batch: InFlight<P>): void {
    if (this.#line === undefined) return;
    if (batch.publications > 0) this.repeats += 1;
    this.#sender.send(this.#line, batch);
  }

  #fail(batch: InFlight<P>, requests: readonly Placed<P>[], refusal: RefusalBody): void {
    for (const { index } of requests) {
      const pending = batch.take(index);
      if (pending !== undefined) this.#refuse(pending, refusal);
    }
    this.#forgetIfDone(batch);
    this.#waitForOldest();
  }

  #waitForOldest(): void {
    const [oldest] = this.#inFlight.values();
    this.#unansweredSinceMs = oldest && Math.max(oldest.sentAtMs, this.#connectedAtMs);
  }

  #forgetIfDone(batch: InFlight<P>): void {
    if (!batch.done || !this.#inFlight.delete(batch.id)) return;
    if (this.#waiting.any) this.#flushAtTurnEnd();
  }
}
