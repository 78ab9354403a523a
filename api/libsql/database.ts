// The workers as the libSQL protocol asks them: one statement, or those of a transaction together, each with an answer to wait for.
import type { RefusalBody } from "../../core/errors.ts";
import type { RequestSpec } from "../../core/manifest/manifest.ts";
import type { DecodedAnswer } from "../../core/messages/queues.ts";
import type {
  Param,
  ReadShape,
  Transaction,
  TransactionPart,
  WriteShape,
} from "../../core/messages/statement.ts";
import type { Clock } from "../../platform/process/clock.ts";
import {
  bytesOf,
  type PendingRead,
  type PendingWrite,
  packRead,
  packWrite,
  type Reply,
} from "../batching/pending.ts";

export type Answered =
  | { readonly ok: true; readonly body: string; readonly position: number }
  | { readonly ok: false; readonly refusal: RefusalBody };

type Rows = readonly (readonly Param[])[];

export type Moment = Pick<Transaction, "atMs" | "seed" | "references">;

export interface DatabaseOptions {
  readonly reads: { submit(pending: PendingRead): void };
  readonly writes: { submit(pending: PendingWrite): void; newestPosition: number };
  readonly spec: { readonly requests: RequestSpec };
  readonly clock: Clock;
  readonly countRead: () => void;
}

/** What a request costs in memory besides its statement. */
const requestBytes = 512;

export class Database {
  readonly #options: DatabaseOptions;

  constructor(options: DatabaseOptions) {
    this.#options = options;
  }

  /** By a copy that has every write that was acknowledged through this process. */
  read(shape: ReadShape, params: readonly Param[]): Promise<Answered> {
    this.#options.countRead();
    return this.#fresh((minPosition) => this.#read(shape, params, minPosition));
  }

  /** Statements of a transaction, which the master undoes again. */
  tried(parts: readonly TransactionPart[], rows: Rows, moment: Moment): Promise<Answered> {
    return this.#fresh((minPosition) =>
      this.write({ kind: "batch", parts, transaction: { ...moment, trial: { minPosition } } }, rows),
    );
  }

  /**
   * Where nothing has what was acknowledged, the log itself is asked how far it is, once: an operator may have accepted that its end is
   * lost.
   */
  async #fresh(ask: (minPosition: number) => Promise<Answered>): Promise<Answered> {
    const { writes } = this.#options;
    const wanted = writes.newestPosition;
    const answer = await ask(wanted);
    if (answer.ok || answer.refusal.code !== "not_fresh") return answer;
    const barrier = await this.write({ kind: "barrier" }, [[]]);
    if (!barrier.ok) return barrier;
    if (barrier.position < wanted) writes.newestPosition = barrier.position;
    return ask(barrier.position);
  }

  #read(shape: ReadShape, params: readonly Param[], minPosition: number): Promise<Answered> {
    const packed = packRead({ shape, params });
    const bytes = bytesOf(packed.shape) + bytesOf(packed.params) + requestBytes;
    return answered((reply) =>
      this.#options.reads.submit({ ...packed, bytes, minPosition, reply, ...this.#deadline() }),
    );
  }

  /** @param key the same for each attempt to do the same; the batch makes one where there is none */
  write(shape: WriteShape, rows: Rows, key?: string): Promise<Answered> {
    const packed = packWrite({ shape, rows });
    const bytes = bytesOf(packed.shape) + bytesOf(packed.rows) + requestBytes;
    const client = key === undefined ? {} : { key: `c:${key}`, hash: key };
    return answered((reply) =>
      this.#options.writes.submit({ ...packed, bytes, reply, ...client, ...this.#deadline() }),
    );
  }

  #deadline() {
    const { clock, spec } = this.#options;
    const { timeoutMs } = spec.requests;
    return { deadlineAtMs: clock.monotonicMs() + timeoutMs, deadlineMs: clock.now() + timeoutMs };
  }
}

const unreadable: RefusalBody = { code: "internal", message: "the worker's answer cannot be read" };

const answered = (submit: (reply: Reply) => void): Promise<Answered> =>
  new Promise((resolve) =>
    submit({
      answered: ({ ok, body, position }: DecodedAnswer) =>
        resolve(ok ? { ok, body: body.toString("utf8"), position } : { ok, refusal: refusalIn(body) }),
      refused: (refusal) => resolve({ ok: false, refusal }),
    }),
  );

function refusalIn(body: Buffer): RefusalBody {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return unreadable;
  }
}
