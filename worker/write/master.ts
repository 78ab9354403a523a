// The master at work: writeQ -> prepare (transaction) -> append (syncQ, read back) -> commit -> reply (responseQ, ack).
// It takes whatever has queued up since its last commit as one batch, so its commits grow with the load and a lone write
// waits for no other. It is master exactly while `run` runs, and leaves it at the first sign of a successor.
import { Refusal, refusalBody } from "../../core/errors.ts";
import { decodeWriteBatch, queueLimits, queues } from "../../core/messages/queues.ts";
import type { WriteShape } from "../../core/messages/statement.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { Wakeable } from "../../platform/process/waiting.ts";
import type { Delivery } from "../../platform/rabbitmq/port.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Witnesses } from "../lead/witnesses.ts";
import type { Broker, Feed, Ledger, RecordWriter, Suspicion } from "../ports.ts";
import { deadLetter, poisoned, readable, sendAnswers, undecidedBody } from "../requests/deliveries.ts";
import type { Chore, CommitInput, Outcome, WriteResult } from "./draft.ts";
import {
  aloneOf,
  HeldMessage,
  type HeldWrite,
  type Lane,
  limitsAlone,
  limitsTogether,
  mayTakeLongerAlone,
  SlowShapes,
  settleWith,
  suspectId,
  type Turn,
  tooSlow,
  WriteLanes,
  writesOf,
} from "./held-writes.ts";
import { FaultyWriteError } from "./undone-writes.ts";

export interface MasterOptions {
  readonly rabbit: Broker;
  readonly ledger: Ledger;
  readonly writer: RecordWriter;
  /** Wakes it when a successor's marker may have arrived. */
  readonly reader: Pick<Feed, "onArrival">;
  readonly time: Clock;
  readonly suspects: Suspicion;
  /** Keeps an answer back until another host's disk has what it tells of. */
  readonly witnesses: Pick<Witnesses, "whenWitnessed" | "isFull">;
  readonly epoch: number;
  readonly worker: string;
  readonly log: Log;
  /** One request may run this long while no other waits. */
  readonly queryMs: () => number;
  readonly logTime: () => number;
  /** What must be done besides the clients' requests, asked for before each commit. */
  readonly chores: (logMs: number) => readonly Chore[];
  /** What must be done before these writes are. */
  readonly choresBefore?: (writes: readonly WriteShape[]) => readonly Chore[];
  /** Told once writes reach this master. */
  readonly onAtWork: () => void;
  readonly onServed: (writes: number) => void;
}

/** Messages in hand: as many as arrive while one slow write has its turn. The API bounds their bytes. */
const prefetch = 128;
const idleWakeMs = 500;
/** A commit that ran so long was not quick. */
const quickMs = 50;

const shed = refusalBody(new Refusal("unavailable", "too many slow writes wait; this one was not tried"));

interface Arrived {
  readonly delivery: Delivery;
  readonly atMs: number;
}

/** Runs until the signal fires. @throws FencedError, or what made it unable to go on */
export async function runMaster(options: MasterOptions, signal: AbortSignal): Promise<void> {
  const master = new Master(options);
  await master.run(signal);
}

class Master {
  readonly #options: MasterOptions;
  readonly #arrived: Arrived[] = [];
  readonly #lanes = new WriteLanes();
  readonly #slowShapes = new SlowShapes();
  readonly #wakeable: Wakeable;

  constructor(options: MasterOptions) {
    this.#options = options;
    this.#wakeable = new Wakeable(options.time);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { rabbit, reader, writer, epoch, time } = this.#options;
    reader.onArrival(() => this.#wakeable.wake());
    // A hung predecessor keeps its place at the queue until its connection drops: the younger master must come first.
    const consumer = await rabbit.consume(queues.write, { prefetch, priority: epoch }, (delivery) => {
      this.#arrived.push({ delivery, atMs: time.now() });
      this.#wakeable.wake();
    });
    try {
      this.#options.onAtWork();
      while (!signal.aborted) {
        writer.lookForSuccessor();
        const { isFull } = this.#options.witnesses;
        if (isFull || !(await this.#cycle())) await this.#wakeable.wait(idleWakeMs, signal);
      }
    } finally {
      // What was not answered goes back to the queue with the channel, for the next master.
      await consumer.close();
    }
  }

  /** @returns whether there was anything to do */
  async #cycle(): Promise<boolean> {
    const { chores, logTime } = this.#options;
    const toDo = chores(logTime());
    // Chores go alone: requests behind a migration are compiled against the schema it leaves.
    if (toDo.length > 0) await this.#commit({ lane: "quick", writes: [] }, toDo);
    await this.#sort(this.#takeArrived());
    const turn = this.#lanes.next();
    if (turn === undefined) return toDo.length > 0;
    const writes = this.#stillWanted(turn.writes);
    const before = this.#options.choresBefore?.(writes.map(({ pending }) => pending.shape)) ?? [];
    if (before.length > 0) await this.#commit({ lane: "quick", writes: [] }, before);
    if (turn.lane === "suspects") await this.#try(await this.#begun(writes));
    else if (writes.length > 0) await this.#commit({ ...turn, writes });
    return true;
  }

  /**
   * One group commit. Whatever fails before the commit leaves the copy as it was and clients without an answer; what stands in
   * the log by then is applied later, like any other record.
   */
  async #commit(turn: Turn, chores: readonly Chore[] = []): Promise<void> {
    const { ledger, writer } = this.#options;
    const input = this.#inputOf(turn, chores);
    const draft = await ledger.prepare(input);
    try {
      const place = draft.record && (await writer.append(draft.record));
      const outcomes = await draft.commit(place);
      this.#reply(turn, input.atMs, outcomes);
    } finally {
      await draft.rollbackUnlessCommitted();
    }
  }

  /** Up to a commit's worth together with what waits already; at least one message, however large, when nothing does. */
  #takeArrived(): readonly Arrived[] {
    let bytes = this.#lanes.bytes;
    const isIdle = bytes === 0;
    let count = 0;
    for (const { delivery } of this.#arrived) {
      bytes += delivery.content.length;
      if ((count > 0 || !isIdle) && bytes > queueLimits.batchBytesMax) break;
      count += 1;
    }
    return this.#arrived.splice(0, count);
  }

  /** Puts each request into its lane. */
  async #sort(arrived: readonly Arrived[]): Promise<void> {
    const { rabbit, ledger, time, log } = this.#options;
    const nowMs = time.now();
    for (const { delivery, atMs } of arrived) {
      const batch = await readable(rabbit, delivery, decodeWriteBatch, log);
      if (batch === null) continue;
      const message = new HeldMessage(delivery, batch);
      const writes = writesOf(message, batch, atMs, delivery.content.length);
      const isNew = batch.attempt === 1 && !delivery.redelivered;
      // A request that is known was applied before its master died: it needs only its answer.
      const known = isNew ? undefined : await ledger.known(batch.items.map(({ key }) => key));
      for (const write of writes) {
        const { shape, item } = write.pending;
        if (known !== undefined && !known.has(item.key)) this.#lanes.add("suspects", write);
        else this.#add(this.#slowShapes.isSlow(shape, ledger.schema, nowMs) ? "slow" : "quick", write);
      }
      if (batch.items.length === 0) message.settled(0);
    }
  }

  #add(lane: Lane, write: HeldWrite): void {
    if (this.#lanes.add(lane, write)) return;
    this.#answer([{ write, answer: { ok: false, body: JSON.stringify(shed), position: 0 } }]);
  }

  /** A request whose client has gone is dropped: it was answered that its fate is unknown. */
  #stillWanted(writes: readonly HeldWrite[]): readonly HeldWrite[] {
    const nowMs = this.#options.time.now();
    const wanted = writes.filter(({ untilMs }) => untilMs >= nowMs);
    if (wanted.length < writes.length)
      for (const { message, untilMs } of writes) if (untilMs < nowMs) message.settled(1);
    return wanted;
  }

  /** Notes suspects before they are worked on. @returns those to be tried, and those to be refused */
  async #begun(suspected: readonly HeldWrite[]): Promise<readonly HeldWrite[]> {
    const { rabbit, suspects, log } = this.#options;
    const { guilty, undecided } = await suspects.begin(suspected.map(suspectId));
    const begun: HeldWrite[] = [];
    for (const write of suspected) {
      const id = suspectId(write);
      if (undecided.has(id))
        this.#answer([{ write, answer: { ok: false, body: JSON.stringify(undecidedBody), position: 0 } }]);
      else if (guilty.has(id)) {
        await deadLetter(rabbit, write.message, aloneOf(write), log);
        begun.push(refusedWith(write, poisoned));
      } else begun.push(write);
    }
    return begun;
  }

  async #try(suspected: readonly HeldWrite[]): Promise<void> {
    if (suspected.length === 0) return;
    try {
      await this.#commit({ lane: "suspects", writes: suspected });
    } catch (error) {
      const faulty = suspected.filter(
        ({ pending }) => error instanceof FaultyWriteError && pending.item.key === error.key,
      );
      if (faulty.length > 0) await this.#options.suspects.blame(faulty.map(suspectId)).catch(() => undefined);
      throw error;
    }
  }

  #inputOf({ writes: held }: Turn, chores: readonly Chore[]): CommitInput {
    const { epoch, time, logTime, queryMs } = this.#options;
    const messages = new Set(held.map(({ message }) => message));
    const isPressed = () =>
      this.#arrived.length > 0 || this.#lanes.waiting("quick") > 0 || this.#lanes.waiting("suspects") > 0;
    return {
      writes: held.map(({ pending }) => pending),
      chores,
      epoch,
      atMs: time.now(),
      logMs: logTime(),
      limits: held.length === 1 ? limitsAlone(queryMs(), isPressed) : limitsTogether(queryMs()),
      causes: [...messages].flatMap(({ traceparent }) => traceparent ?? []),
    };
  }

  /** Answers what was done, and puts back what was not. */
  #reply({ lane, writes }: Turn, startedAtMs: number, outcomes: readonly Outcome[]): void {
    if (this.#options.time.now() - startedAtMs < quickMs)
      for (const { pending } of writes) this.#slowShapes.ran(pending.shape, false, startedAtMs);
    const answered: { write: HeldWrite; answer: WriteResult }[] = [];
    const left: HeldWrite[] = [];
    for (const [i, write] of writes.entries()) {
      const outcome = outcomes[i] ?? "left";
      if (outcome === "left") left.push(write);
      else if (outcome === "tooLong") this.#ranTooLong(write, writes.length === 1, left);
      else answered.push({ write, answer: outcome });
    }
    this.#answer(answered);
    if (lane === "suspects") this.#lanes.putBack(lane, left);
    else this.#putBack(left);
  }

  /** What was thought to be quick may look otherwise by now. */
  #putBack(left: readonly HeldWrite[]): void {
    const { ledger, time } = this.#options;
    const nowMs = time.now();
    const isSlow = ({ pending: { shape, refusal } }: HeldWrite): boolean =>
      refusal === undefined && this.#slowShapes.isSlow(shape, ledger.schema, nowMs);
    const slow = left.filter(isSlow);
    for (const write of slow) this.#add("slow", write);
    this.#lanes.putBack("quick", slow.length === 0 ? left : left.filter((write) => !slow.includes(write)));
  }

  /** It is tried alone; or it was, and its refusal is written with the next commit. */
  #ranTooLong(write: HeldWrite, alone: boolean, left: HeldWrite[]): void {
    const { time, queryMs } = this.#options;
    const { shape } = write.pending;
    this.#slowShapes.ran(shape, true, time.now());
    if (alone || !mayTakeLongerAlone(shape)) left.unshift(refusedWith(write, tooSlow(shape, queryMs())));
    else this.#add("slow", write);
  }

  #answer(answered: readonly { readonly write: HeldWrite; readonly answer: WriteResult }[]): void {
    if (answered.length === 0) return;
    const { rabbit, worker, ledger, witnesses, onServed } = this.#options;
    const bytes = answered.reduce((sum, { write, answer }) => sum + write.bytes + answer.body.length, 0);
    witnesses.whenWitnessed(ledger.applied, bytes, () => {
      settleWith(answered, (message, answers) => sendAnswers(rabbit, worker, message, answers));
      onServed(answered.length);
      this.#wakeable.wake();
    });
  }
}

const refusedWith = (write: HeldWrite, refusal: Refusal): HeldWrite => ({
  ...write,
  pending: { ...write.pending, refusal },
});
