// What a client does through the libSQL protocol: transactions that it carries out statement by statement, going by what it has read,
// transactions in one piece, and reads of everything at one moment. What was committed and what was not, it knows only from the answer
// to its COMMIT: where that is lost, it asks once more on the same stream, and else never knows.
import { setTimeout as sleep } from "node:timers/promises";
import {
  accounts,
  begun,
  type History,
  type LedgerWrite,
  type TotalRead,
  type Transfer,
} from "../history.ts";
import type { Random } from "../random.ts";
import type { Ask } from "./attempt.ts";
import { type Result, type Said, Stream } from "./stream.ts";

export interface TransactionsOptions {
  readonly name: string;
  readonly history: History;
  readonly ask: Ask;
  readonly random: Random;
  readonly nowMs: () => number;
  readonly over: AbortSignal;
}

/** Nothing of the statement, or of the transaction, was done: others were quicker, or the service could not. */
const undoneCodes: ReadonlySet<string> = new Set([
  "SQLITE_BUSY",
  "SQLITE_INTERRUPT",
  "SQLITE_FULL",
  "NOT_FRESH",
  "POISON_REQUEST",
  "STREAM_CLOSED",
  "SKIPPED",
]);
/** What was to be written may have been. */
const unknownCodes: ReadonlySet<string> = new Set(["UNAVAILABLE", "UNKNOWN_OUTCOME"]);

const againMs = 100;
const valueSql = "SELECT value FROM accounts WHERE name = ?";
const insertPart = "INSERT INTO ledger (op, part, client) VALUES (?, ?, ?)";

export class Transactions {
  readonly #options: TransactionsOptions;
  #transfers = 0;
  #pieces = 0;

  constructor(options: TransactionsOptions) {
    this.#options = options;
  }

  async one(): Promise<void> {
    const { ask, random } = this.#options;
    const stream = new Stream(ask, (what) => this.#odd(what));
    const dice = random.next();
    if (dice < 0.5) await this.#transfer(stream);
    else if (dice < 0.75) await this.#writeInOnePiece(stream);
    else if (dice < 0.9) await this.#readOneByOne(stream);
    else await this.#readAtOnce(stream);
    await stream.close();
  }

  async #transfer(stream: Stream): Promise<void> {
    const { name, history, random, nowMs } = this.#options;
    this.#transfers += 1;
    const [source, target] = random.shuffled(accounts) as readonly [string, string];
    const op = `${name}-t${this.#transfers}`;
    const amount = random.between(1, 9);
    const transfer: Transfer = { kind: "transfer", op, source, target, amount, ...begun(name, nowMs()) };
    history.transfers.push(transfer);
    const isReady = await this.#statementsOf(stream, transfer);
    transfer.outcome = isReady ? await this.#commit(stream) : "refused";
    transfer.doneAtMs = nowMs();
  }

  /** @returns false where it is not to be committed */
  async #statementsOf(stream: Stream, { op, source, target, amount }: Transfer): Promise<boolean> {
    const read = this.#all(
      await stream.execute(
        { sql: "BEGIN" },
        { sql: valueSql, args: [source] },
        { sql: valueSql, args: [target] },
      ),
    );
    const [from, to] = (read ?? []).slice(1).map((rows) => rows[0]?.[0]);
    if (typeof from !== "number" || typeof to !== "number") return false;
    // The values that were read become the values that are written: who does not notice that others have changed them loses theirs.
    const set = "UPDATE accounts SET value = ? WHERE name = ?";
    const taken = this.#all(await stream.execute({ sql: set, args: [from - amount, source] }));
    if (taken === undefined) return false;
    const noted =
      "INSERT INTO transfers (op, source, target, amount, source_before, target_before) VALUES (?, ?, ?, ?, ?, ?)";
    const given = await stream.execute(
      { sql: set, args: [to + amount, target] },
      { sql: noted, args: [op, source, target, amount, from, to] },
    );
    return this.#all(given) !== undefined;
  }

  async #commit(stream: Stream): Promise<Transfer["outcome"]> {
    const { over } = this.#options;
    for (let wasSent = false; ; wasSent = true) {
      const said = await stream.execute({ sql: "COMMIT" });
      if (said.kind === "gone") return wasSent ? "unknown" : "refused";
      if (said.kind === "lost") return "unknown";
      const [result] = said.results;
      if (result !== undefined && "rows" in result) return "acked";
      const outcome = this.#outcomeOf(result);
      if (outcome === "refused" || over.aborted) return outcome;
      await sleep(againMs);
    }
  }

  /** Several rows of the ledger in a transaction that is all there, or one without any transaction. Neither has a key. */
  async #writeInOnePiece(stream: Stream): Promise<void> {
    const { name, history, random, nowMs } = this.#options;
    this.#pieces += 1;
    const parts = random.chance(0.5) ? random.between(2, 5) : 1;
    const op = `${name}-p${this.#pieces}`;
    const write: LedgerWrite = {
      kind: "ledger",
      op,
      parts,
      key: null,
      ...begun(name, nowMs()),
    };
    history.writes.push(write);
    const statements = Array.from({ length: parts }, (_, i) => ({ sql: insertPart, args: [op, i, name] }));
    const said = parts > 1 ? await stream.batch(statements) : await stream.execute(...statements);
    write.outcome = said.kind === "told" ? this.#outcomeOfAll(said.results) : "unknown";
    if (said.kind === "gone") write.outcome = "refused";
    if (write.outcome !== "acked")
      write.troubles.push({ atMs: nowMs(), what: JSON.stringify(said).slice(0, 160) });
    write.doneAtMs = nowMs();
  }

  /** One after another: what a transaction has read is what there was at one moment. */
  async #readOneByOne(stream: Stream): Promise<void> {
    const read = this.#begunRead("transaction");
    const values: unknown[] = [];
    const begin = this.#all(await stream.execute({ sql: "BEGIN TRANSACTION READONLY" }));
    for (const account of begin === undefined ? [] : accounts) {
      const rows = this.#all(await stream.execute({ sql: valueSql, args: [account] }));
      if (rows === undefined) break;
      values.push(rows[0]?.[0]?.[0]);
    }
    const isWhole = values.length === accounts.length;
    const isTrue = isWhole && this.#all(await stream.execute({ sql: "COMMIT" })) !== undefined;
    if (isTrue)
      this.#wasRead(
        read,
        values.reduce((sum: number, value) => sum + Number(value), 0),
        values.length,
      );
    read.doneAtMs = this.#options.nowMs();
  }

  async #readAtOnce(stream: Stream): Promise<void> {
    const read = this.#begunRead("statement");
    const rows = this.#all(await stream.execute({ sql: "SELECT total(value), count(*) FROM accounts" }));
    const [total, count] = rows?.[0]?.[0] ?? [];
    if (rows !== undefined) this.#wasRead(read, Number(total), Number(count));
    read.doneAtMs = this.#options.nowMs();
  }

  #begunRead(how: TotalRead["how"]): TotalRead {
    const { name, history, nowMs } = this.#options;
    const read: TotalRead = { kind: "readTotal", how, total: 0, accounts: 0, ...begun(name, nowMs()) };
    history.reads.push(read);
    return read;
  }

  #wasRead(read: TotalRead, total: number, count: number): void {
    read.outcome = "acked";
    read.total = total;
    read.accounts = count;
  }

  /** @returns the rows of each statement; undefined where one of them was not carried out */
  #all(said: Said) {
    if (said.kind !== "told") return undefined;
    const rows = said.results.flatMap((result) => ("rows" in result ? [result.rows] : []));
    if (rows.length === said.results.length) return rows;
    this.#outcomeOfAll(said.results);
    return undefined;
  }

  #outcomeOfAll(results: readonly Result[]): Transfer["outcome"] {
    const outcomes = results.map((result) => this.#outcomeOf(result));
    return outcomes.find((one) => one === "unknown") ?? outcomes.find((one) => one === "refused") ?? "acked";
  }

  #outcomeOf(result: Result | undefined): Transfer["outcome"] {
    if (result !== undefined && "rows" in result) return "acked";
    const code = result?.error ?? "";
    if (unknownCodes.has(code)) return "unknown";
    if (!undoneCodes.has(code)) this.#odd(`a statement was answered ${code}`);
    return "refused";
  }

  #odd(what: string): void {
    this.#options.history.odd.push(`${this.#options.name}: ${what}`);
  }
}
