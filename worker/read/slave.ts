// A slave at work: readQ -> its copy -> reply (responseQ, ack). The broker hands messages round robin to the slaves that have room.
// It is at the queue exactly while `run` runs and the signal has not fired; then it finishes what is here.
// A message whose reads wait or take long is kept outside the few slots that messages have here: the consumer that it came
// through is replaced by a fresh one, so that quick reads go on coming.
import {
  type Answer,
  decodeReadBatch,
  queues,
  type ReadBatch,
  refusalAnswer,
} from "../../core/messages/queues.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { aborted } from "../../platform/process/waiting.ts";
import type { Consumer, Delivery } from "../../platform/rabbitmq/port.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Broker, Suspicion } from "../ports.ts";
import {
  deadLetter,
  poisonedBody,
  readable,
  requeueSingly,
  sendAnswers,
  suspectIds,
  undecidedBody,
} from "../requests/deliveries.ts";
import { isFaultOfOurs } from "../sqlite-errors.ts";

const limits = {
  /** Messages a slave may work on: few, so that the next slave gets the next message. */
  prefetch: 4,
  /** So many of them that are kept for longer make a fresh consumer worth its while. */
  heldForRenewal: 2,
  /** Messages that are kept for longer, and the bytes of them: further ones may not wait. */
  heldMax: 32,
  heldBytesMax: 8 * 1024 * 1024,
  /** Of the other messages, so many bytes are read at a time: as values they need six times as much. */
  workedOnBytesMax: 8 * 1024 * 1024,
  /** When the copy has failed, other reads get so long to be answered; they come to another slave otherwise. */
  lastAnswersWithinMs: 1_000,
} as const;

type Hold = () => boolean;

/** Where the answers to a batch go. */
export interface ReadReply {
  /** Sends answers, in as many parts as there are calls. */
  readonly emit: (answers: readonly Answer[]) => void;
  /** Before more answers are made: what was sent should have left. */
  readonly room: () => Promise<void> | undefined;
  /** Says that the batch takes longer than others may wait for it. @returns false when too many do already */
  readonly hold: Hold;
}

/** Answers a batch of reads from the copy. @throws what is no request's fault */
export type AnswerReads = (batch: ReadBatch, reply: ReadReply) => Promise<void>;

export interface SlaveOptions {
  readonly rabbit: Broker;
  /** What a slave does with its copy. */
  readonly answer: AnswerReads;
  readonly time: Clock;
  readonly suspects: Suspicion;
  readonly worker: string;
  /** How far its copy is. */
  readonly position: () => number;
  readonly log: Log;
  /** Told once reads reach this slave. */
  readonly onAtWork: () => void;
  readonly onServed: (reads: number) => void;
}

/**
 * Runs until the signal fires and what was begun by then is answered.
 * @throws what made it unable to go on, and is no request's fault
 */
export async function runSlave(options: SlaveOptions, signal: AbortSignal): Promise<void> {
  const slave = new Slave(options);
  await slave.run(signal);
}

/** A place at the queue, and what came through it. */
interface Intake {
  consumer: Consumer | undefined;
  isLeft: boolean;
  open: number;
  held: number;
}

class Slave {
  readonly #options: SlaveOptions;
  readonly #failed = new AbortController();
  readonly #working = new Set<Promise<void>>();
  /** With those that were left and still have messages. */
  readonly #intakes = new Set<Intake>();
  readonly #workedOn = new ByteBudget(limits.workedOnBytesMax);
  #intake: Intake = emptyIntake();
  #renewal: Promise<void> | undefined;
  #finishing = false;
  #held = 0;
  #heldBytes = 0;

  constructor(options: SlaveOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { time, onAtWork } = this.#options;
    const failed = this.#failed.signal;
    await this.#open(this.#intake);
    if (!signal.aborted) onAtWork();
    await aborted(AbortSignal.any([signal, failed]));
    const finished = this.#finish().catch((error) => this.#failed.abort(error));
    if (!failed.aborted) await Promise.race([finished, aborted(failed)]);
    if (!failed.aborted) return;
    await Promise.race([finished, time.sleep(limits.lastAnswersWithinMs)]);
    throw failed.reason;
  }

  /** Leaves the queue, and gives up nothing that was begun. */
  async #finish(): Promise<void> {
    this.#finishing = true;
    await this.#renewal;
    await this.#leave(this.#intake);
    while (this.#working.size > 0) await Promise.all(this.#working);
    await Promise.all([...this.#intakes].map(({ consumer }) => consumer?.close()));
  }

  async #open(intake: Intake): Promise<void> {
    const { prefetch } = limits;
    this.#intakes.add(intake);
    intake.consumer = await this.#options.rabbit.consume(queues.read, { prefetch }, (delivery) =>
      this.#take(intake, delivery),
    );
  }

  #take(intake: Intake, delivery: Delivery): void {
    const bytes = delivery.content.length;
    let isHeld = false;
    const hold = (): boolean => {
      if (isHeld) return true;
      if (this.#held >= limits.heldMax || this.#heldBytes + bytes > limits.heldBytesMax) return false;
      isHeld = true;
      this.#held += 1;
      this.#heldBytes += bytes;
      this.#workedOn.giveBack(bytes);
      intake.held += 1;
      this.#renewIfHeld();
      return true;
    };
    intake.open += 1;
    const work = this.#served(delivery, hold).catch((error) => this.#failed.abort(error));
    this.#working.add(work);
    void work.finally(() => {
      this.#working.delete(work);
      intake.open -= 1;
      if (isHeld) {
        this.#held -= 1;
        this.#heldBytes -= bytes;
        intake.held -= 1;
      } else this.#workedOn.giveBack(bytes);
      this.#closeIfDone(intake);
    });
  }

  async #served(delivery: Delivery, hold: Hold): Promise<void> {
    const room = this.#workedOn.take(delivery.content.length);
    if (room !== undefined) await room;
    await serve(this.#options, delivery, hold);
  }

  #renewIfHeld(): void {
    if (this.#finishing || this.#renewal !== undefined || this.#intake.held < limits.heldForRenewal) return;
    this.#renewal = this.#renew()
      .catch((error) => this.#failed.abort(error))
      .finally(() => {
        this.#renewal = undefined;
        this.#renewIfHeld();
      });
  }

  async #renew(): Promise<void> {
    const left = this.#intake;
    const fresh = emptyIntake();
    await this.#open(fresh);
    this.#intake = fresh;
    await this.#leave(left);
    this.#closeIfDone(left);
  }

  async #leave(intake: Intake): Promise<void> {
    await intake.consumer?.cancel();
    intake.isLeft = true;
  }

  /** What was not acked would go back to the queue with it. */
  #closeIfDone(intake: Intake): void {
    if (!intake.isLeft || intake.open > 0 || this.#finishing) return;
    this.#intakes.delete(intake);
    intake.consumer?.close().catch((error) => this.#failed.abort(error));
  }
}

const emptyIntake = (): Intake => ({ consumer: undefined, isLeft: false, open: 0, held: 0 });

async function serve(options: SlaveOptions, delivery: Delivery, hold: Hold): Promise<void> {
  const { rabbit, log } = options;
  const batch = await readable(rabbit, delivery, decodeReadBatch, log);
  if (batch === null) return;
  if (batch.attempt === 1 && delivery.redelivered)
    for (const suspect of await requeueSingly(rabbit, queues.read, delivery, batch))
      await serveSuspect(options, delivery, suspect, hold);
  else if (batch.attempt === 2) await serveSuspect(options, delivery, batch, hold);
  else await serveBatch(options, delivery, batch, hold);
  delivery.ack();
}

async function serveSuspect(
  options: SlaveOptions,
  delivery: Delivery,
  batch: ReadBatch,
  hold: Hold,
): Promise<void> {
  const { rabbit, worker, position, log, suspects } = options;
  const { guilty, undecided } = await suspects.begin(suspectIds(delivery, batch));
  if (guilty.size > 0) await deadLetter(rabbit, delivery, batch, log);
  if (guilty.size === 0 && undecided.size === 0) return serveOrBlame(options, delivery, batch, hold);
  const body = guilty.size > 0 ? poisonedBody : undecidedBody;
  const answers = batch.items.map(({ index }) => refusalAnswer(index, body, position()));
  sendAnswers(rabbit, worker, delivery, answers);
}

/** Its note is withdrawn when this process goes on: what it failed at by itself is said, or each slave would fail at it for ever. */
async function serveOrBlame(
  options: SlaveOptions,
  delivery: Delivery,
  batch: ReadBatch,
  hold: Hold,
): Promise<void> {
  try {
    await serveBatch(options, delivery, batch, hold);
  } catch (error) {
    if (isFaultOfOurs(error))
      await options.suspects.blame(suspectIds(delivery, batch)).catch(() => undefined);
    throw error;
  }
}

async function serveBatch(
  { rabbit, worker, answer, onServed }: SlaveOptions,
  delivery: Delivery,
  batch: ReadBatch,
  hold: Hold,
): Promise<void> {
  await answer(batch, {
    emit: (answers) => sendAnswers(rabbit, worker, delivery, answers),
    room: () => rabbit.cleared(),
    hold,
  });
  onServed(batch.items.length);
}

/** How many bytes may be worked on at a time. What would be more waits, in the order of its arrival; what still fits goes first. */
class ByteBudget {
  readonly #most: number;
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = [];
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @returns undefined when there is room at once; something that is larger than all of it has room when it is alone */
  take(bytes: number): Promise<void> | undefined {
    if (this.#fits(bytes)) {
      this.#taken += bytes;
      return undefined;
    }
    return new Promise((go) => this.#waiting.push({ bytes, go }));
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
    for (let i = 0; i < this.#waiting.length; ) {
      const next = this.#waiting[i];
      if (next !== undefined && this.#fits(next.bytes)) {
        this.#waiting.splice(i, 1);
        this.#taken += next.bytes;
        next.go();
      } else i += 1;
    }
  }

  #fits(bytes: number): boolean {
    return this.#taken === 0 || this.#taken + bytes <= this.#most;
  }
}
