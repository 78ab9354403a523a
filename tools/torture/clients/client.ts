// A client of the tortured service: writes to the ledger, counts its own register upwards, and reads registers in every
// consistency, all mixed by its seed. It carries the highest position it has seen, as a session does. One that speaks SQL asks for the
// same in SQL, and has transactions as well.
import { setTimeout as sleep } from "node:timers/promises";
import {
  begun,
  type Consistency,
  type History,
  type LedgerCount,
  type LedgerWrite,
  type RegisterRead,
  type RegisterWrite,
} from "../history.ts";
import type { Random } from "../random.ts";
import { type Ask, isSuccess, mayRetry, positionIn, troubleIn, workerIn } from "./attempt.ts";
import { type Forms, firstValueIn, rowForms, sqlForms } from "./forms.ts";
import type { Gate } from "./gate.ts";
import { type Insisting, insist } from "./insist.ts";
import { Transactions } from "./transactions.ts";

export interface ClientOptions {
  readonly name: string;
  /** All clients, whose registers it reads. */
  readonly names: readonly string[];
  readonly speaksSql: boolean;
  readonly history: History;
  readonly ask: Ask;
  readonly random: Random;
  readonly nowMs: () => number;
  readonly gate: Gate;
  /** No new operation is begun after this. */
  readonly stop: AbortSignal;
  readonly over: AbortSignal;
}

const pauseMs = { min: 4, max: 30 } as const;
const readPath = "/api/v1/db/read";
/** Of the operations of a client that speaks SQL. */
const transactionsShare = 0.3;

export class Client {
  readonly #options: ClientOptions;
  readonly #insisting: Insisting;
  readonly #forms: Forms;
  readonly #transactions: Transactions;
  #writes = 0;
  #value = 0;
  #seenPosition = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    const { nowMs, over, history, ask, speaksSql } = options;
    this.#forms = speaksSql ? sqlForms : rowForms;
    this.#transactions = new Transactions(options);
    this.#insisting = { ask, nowMs, over, odd: (what) => history.odd.push(`${options.name}: ${what}`) };
  }

  async run(): Promise<void> {
    const { stop, random, gate } = this.#options;
    while (!stop.aborted) {
      await gate.pass(() => this.#operation());
      await sleep(random.between(pauseMs.min, pauseMs.max));
    }
  }

  #operation(): Promise<void> {
    const { random, name, names, speaksSql } = this.#options;
    if (speaksSql && random.chance(transactionsShare)) return this.#transactions.one();
    const dice = random.next();
    if (dice < 0.45) return this.#writeLedger();
    if (dice < 0.6) return this.#writeRegister();
    if (dice < 0.72) return this.#readRegister(name, "session");
    if (dice < 0.82) return this.#readRegister(random.pick(names), "session");
    if (dice < 0.88) return this.#readRegister(random.pick(names), "strong");
    if (dice < 0.92) return this.#countLedger();
    return this.#readRegister(random.pick(names), "plain");
  }

  async #writeLedger(): Promise<void> {
    const { name, history, nowMs, random } = this.#options;
    this.#writes += 1;
    const op = `${name}-${this.#writes}`;
    const parts = random.chance(0.2) ? random.between(2, 5) : 1;
    const key = random.chance(0.1) ? null : op;
    const write: LedgerWrite = { kind: "ledger", op, parts, key, ...begun(name, nowMs()) };
    history.writes.push(write);
    await insist(write, this.#forms.addToLedger(op, parts, name), this.#insisting);
    this.#seen(write.position);
  }

  async #writeRegister(): Promise<void> {
    const { name: register, history, nowMs } = this.#options;
    this.#value += 1;
    const value = this.#value;
    const key = `${register}-register-${value}`;
    const write: RegisterWrite = {
      kind: "register",
      register,
      value,
      key,
      ...begun(register, nowMs()),
    };
    history.writes.push(write);
    await insist(write, this.#forms.setRegister(register, value), this.#insisting);
    this.#seen(write.position);
  }

  async #readRegister(register: string, consistency: Consistency): Promise<void> {
    const { name, history, nowMs } = this.#options;
    const minPosition = consistency === "session" ? this.#seenPosition : 0;
    const read: RegisterRead = {
      kind: "readRegister",
      consistency,
      register,
      minPosition,
      value: null,
      worker: "",
      ...begun(name, nowMs()),
    };
    history.reads.push(read);
    const body = { ...this.#forms.readRegister(register), ...strongly(consistency) };
    const value = firstValueIn(await this.#read(read, body, minPosition));
    read.value = typeof value === "number" ? value : null;
    if (consistency !== "plain") this.#seen(read.position);
  }

  async #countLedger(): Promise<void> {
    const { name, history, nowMs } = this.#options;
    const read: LedgerCount = { kind: "countLedger", of: name, rows: 0, worker: "", ...begun(name, nowMs()) };
    history.reads.push(read);
    const body = { ...this.#forms.countLedger(name), ...strongly("strong") };
    read.rows = Number(firstValueIn(await this.#read(read, body, 0)));
  }

  async #read(read: RegisterRead | LedgerCount, body: unknown, minPosition: number): Promise<unknown> {
    const { ask, nowMs, history, name } = this.#options;
    const headers: Record<string, string> =
      minPosition > 0 ? { "x-dbaas-min-position": String(minPosition) } : {};
    const made = await ask(readPath, body, headers);
    read.doneAtMs = nowMs();
    if (made.kind !== "answered" || !isSuccess(made.answer))
      read.troubles.push({ atMs: read.doneAtMs, what: troubleIn(made) });
    if (made.kind === "hung") history.odd.push(`${name}: no answer at all to a read`);
    if (made.kind !== "answered") return undefined;
    const { answer } = made;
    if (!isSuccess(answer)) {
      if (mayRetry(answer)) return undefined;
      read.outcome = "refused";
      history.odd.push(`${name}: a read was answered ${troubleIn(made)}`);
      return undefined;
    }
    read.outcome = "acked";
    read.position = positionIn(answer);
    read.worker = workerIn(answer);
    return answer.body;
  }

  #seen(position: number): void {
    this.#seenPosition = Math.max(this.#seenPosition, position);
  }
}

const strongly = (consistency: Consistency): object =>
  consistency === "strong" ? { consistency: "strong" } : {};
