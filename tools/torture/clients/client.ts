// A client of the tortured service: writes to the ledger, counts its own register upwards, and reads registers in every
// consistency, all mixed by its seed. It carries the highest position it has seen, as a session does.
import { setTimeout as sleep } from "node:timers/promises";
import type {
  Consistency,
  History,
  LedgerCount,
  LedgerWrite,
  RegisterRead,
  RegisterWrite,
} from "../history.ts";
import type { Random } from "../random.ts";
import { type Ask, isSuccess, mayRetry, positionIn, workerIn } from "./attempt.ts";
import type { Gate } from "./gate.ts";
import { type Insisting, insist } from "./insist.ts";

export interface ClientOptions {
  readonly name: string;
  /** All clients, whose registers it reads. */
  readonly names: readonly string[];
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

export class Client {
  readonly #options: ClientOptions;
  readonly #insisting: Insisting;
  #writes = 0;
  #value = 0;
  #seenPosition = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    const { nowMs, over, history, ask } = options;
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
    const { random, name, names } = this.#options;
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
    const write: LedgerWrite = { kind: "ledger", op, parts, key, ...begun(name, nowMs()), troubles: [] };
    history.writes.push(write);
    const rows = Array.from({ length: parts }, (_, part) => ({ op, part, client: name }));
    await insist(write, { op: "insert", table: "ledger", rows }, this.#insisting);
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
      troubles: [],
    };
    history.writes.push(write);
    // Upsert and update do the same to a register that is there; both ways must be equally safe.
    const body =
      value === 1 || value % 2 === 0
        ? { op: "upsert", table: "registers", row: { name: register, value } }
        : { op: "update", table: "registers", set: { value }, where: { name: register } };
    await insist(write, body, this.#insisting);
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
    const body = {
      table: "registers",
      columns: ["value"],
      where: { name: register },
      ...strongly(consistency),
    };
    const rows = await this.#read(read, body, minPosition);
    const [row] = (rows ?? []) as readonly { readonly value?: unknown }[];
    read.value = typeof row?.value === "number" ? row.value : null;
    if (consistency !== "plain") this.#seen(read.position);
  }

  async #countLedger(): Promise<void> {
    const { name, history, nowMs } = this.#options;
    const read: LedgerCount = { kind: "countLedger", of: name, rows: 0, worker: "", ...begun(name, nowMs()) };
    history.reads.push(read);
    const body = { table: "ledger", count: true, where: { client: name }, ...strongly("strong") };
    const counted = await this.#read(read, body, 0);
    read.rows = countIn(counted);
  }

  async #read(read: RegisterRead | LedgerCount, body: unknown, minPosition: number): Promise<unknown> {
    const { ask, nowMs, history, name } = this.#options;
    const headers: Record<string, string> =
      minPosition > 0 ? { "x-dbaas-min-position": String(minPosition) } : {};
    const made = await ask(readPath, body, headers);
    read.doneAtMs = nowMs();
    if (made.kind === "hung") history.odd.push(`${name}: no answer at all to a read`);
    if (made.kind !== "answered") return undefined;
    const { answer } = made;
    if (!isSuccess(answer)) {
      if (mayRetry(answer)) return undefined;
      read.outcome = "refused";
      history.odd.push(`${name}: a read was answered ${answer.status} ${answer.text.slice(0, 160)}`);
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

const begun = (client: string, sentAtMs: number) => ({
  client,
  sentAtMs,
  doneAtMs: Number.POSITIVE_INFINITY,
  outcome: "unknown" as const,
  position: 0,
});

const strongly = (consistency: Consistency): object =>
  consistency === "strong" ? { consistency: "strong" } : {};

/** `[{"count": n}]`, `{"count": n}` or a bare number. */
function countIn(body: unknown): number {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (typeof first === "number") return first;
  if (typeof first === "object" && first !== null) return Number(Object.values(first)[0]);
  return Number.NaN;
}
