// The clients of the simulated service. They hand their requests to the API's batchers, as its HTTP routes do, and write down what
// they were told.

import { type PendingRead, packRead, packWrite, type Reply } from "../../api/batching/pending.ts";
import { submitStrongRead } from "../../api/requests/strong-read.ts";
import { clientKeyFrom } from "../../api/requests/write-request.ts";
import type { RefusalBody } from "../../core/errors.ts";
import type { DecodedAnswer } from "../../core/messages/queues.ts";
import type { ReadStatement, WriteStatement } from "../../core/messages/statement.ts";
import type { Cluster, KeptApi } from "./cluster.ts";
import type { Ask, Operation } from "./course.ts";
import { timeoutMs } from "./manifest.ts";
import { inPieces } from "./pieces.ts";
import { countedInSql, lookingThrough } from "./sql-clients.ts";
import { inTransaction, isOfTransactions } from "./transaction-clients.ts";

const timesAskedMax = 6;
const againMs = 200;
/** A client hears nothing more of an API that is gone. */
const givesUpMs = timeoutMs + 1_000;
const bytes = 200;

export type Rows = readonly (readonly [id: string, value: string])[];

/** What a client was told about one thing it asked. */
export interface Told {
  readonly ask: Ask;
  readonly client: number;
  readonly value: string;
  readonly id: string;
  /** By the world's time. */
  readonly askedAtMs: number;
  outcome: "ok" | "refused" | "unknown";
  /** Of a refusal. */
  code?: string;
  position: number;
  answeredAtMs: number;
  /** Of a read: what it had to see at least, and what it saw. */
  readonly atLeast: number;
  rows?: Rows;
  /** Of a look at all accounts. */
  sum?: number;
}

type Answered = { readonly answer: DecodedAnswer } | { readonly refusal: RefusalBody } | "nothing";

export class Clients {
  readonly told: Told[] = [];
  readonly contradictions: string[] = [];
  readonly #cluster: Cluster;
  /** The newest position each client knows of. */
  readonly #tokens: number[] = [];
  /** Whether they make tables and triggers of their own: the other courses show what goes wrong without those. */
  readonly #changeSchema: boolean;
  #values = 0;
  #open = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#changeSchema = cluster.world.random("schema")() < 0.45;
  }

  /** Operations that are not over. */
  get open(): number {
    return this.#open;
  }

  /** The service went back to an earlier state, as an operator has accepted: what clients know of a later one is over. */
  forgetTokens(): void {
    this.#tokens.length = 0;
  }

  begin(operation: Operation): void {
    for (const ask of operation.asks) {
      this.#open += 1;
      void this.#carryOut(operation, ask).finally(() => {
        this.#open -= 1;
      });
    }
  }

  async #carryOut({ client, ownKey, onceMoreMs }: Operation, ask: Ask): Promise<void> {
    this.#values += 1;
    const one: Told = {
      ask,
      client,
      value: `v${this.#values}`,
      id: "id" in ask ? ask.id : `r${this.#values}`,
      askedAtMs: this.#cluster.world.nowMs,
      outcome: "unknown",
      position: 0,
      answeredAtMs: 0,
      atLeast: ask.kind === "read" ? (this.#tokens[client] ?? 0) : 0,
    };
    this.told.push(one);
    if (isOfTransactions(ask)) return inTransaction(this.#cluster, one, ask);
    if (ask.kind === "add" && ask.pieces !== undefined)
      this.contradictions.push(...(await inPieces(ask.pieces, this.#apiOf(client).process)));
    const times = ownKey && !isRead(ask) ? timesAskedMax : 1;
    for (let asked = 0; asked < times && one.outcome === "unknown"; asked++) {
      if (asked > 0) await this.#cluster.world.sleep(againMs);
      this.#note(one, await this.#ask(one, ownKey, asked));
    }
    if (onceMoreMs === undefined || times === 1 || one.outcome === "unknown") return;
    await this.#cluster.world.sleep(onceMoreMs);
    const { outcome, position } = one;
    const again: Told = { ...one, outcome: "unknown" };
    this.#note(again, await this.#ask(one, ownKey, 1));
    if (again.outcome !== "unknown" && (again.outcome !== outcome || again.position !== position))
      this.contradictions.push(
        `${ask.kind} ${one.value} was ${outcome} at ${position}, and under its key later ${again.outcome} at ${again.position}`,
      );
  }

  #note(one: Told, answered: Answered): void {
    this.#cluster.world.tell(`client ${one.client}`, wordsOf(one, answered));
    if (answered === "nothing") return;
    const refusal = "refusal" in answered ? answered.refusal : refusalIn(answered.answer);
    if (refusal !== undefined) {
      one.code = refusal.code;
      // As a 503 or a 507: its client sends it again, under its key if it has one.
      if (refusal.code === "unavailable" || refusal.code === "storage_full") return;
      one.outcome = "refused";
      one.answeredAtMs = this.#cluster.world.nowMs;
      return;
    }
    if (!("answer" in answered)) return;
    const { position, body } = answered.answer;
    one.outcome = "ok";
    one.position = position;
    one.answeredAtMs = this.#cluster.world.nowMs;
    if (isRead(one.ask) && one.ask.kind !== "search") one.rows = rowsIn(body);
    this.#tokens[one.client] = Math.max(this.#tokens[one.client] ?? 0, position);
  }

  /** @param times how often it has asked before: each time it asks another API, where there are several */
  #ask(one: Told, ownKey: boolean, times: number): Promise<Answered> {
    return new Promise((resolve) => {
      const { world } = this.#cluster;
      const { api, process: clock } = this.#apiOf(one.client + times);
      if (api === undefined || clock.paused) return resolve("nothing");
      const cancel = world.after(givesUpMs, () => {
        world.touch();
        resolve("nothing");
      });
      const told = (answered: Answered) => {
        cancel();
        resolve(answered);
      };
      const reply: Reply = {
        answered: (answer) => told({ answer }),
        refused: (refusal) => told({ refusal }),
      };
      const deadline = {
        deadlineAtMs: clock.monotonicMs() + timeoutMs,
        deadlineMs: clock.now() + timeoutMs,
      };
      const statement = statementOf(one, this.#changeSchema);
      if ("rows" in statement) {
        const key = ownKey ? clientKeyFrom(one.value, statement) : undefined;
        return api.writes.submit({ ...packWrite(statement), reply, ...deadline, bytes, ...key });
      }
      const read: PendingRead = {
        ...packRead(statement),
        reply,
        ...deadline,
        bytes,
        minPosition: one.atLeast,
      };
      if (one.ask.kind === "strongRead") submitStrongRead(read, api.reads, api.writes);
      else api.reads.submit(read);
    });
  }

  #apiOf(number: number): KeptApi {
    const { apis } = this.#cluster;
    return apis[number % apis.length] as KeptApi;
  }
}

const wordsOf = ({ ask, value }: Told, answered: Answered): string =>
  `${ask.kind} ${value}: ${answered === "nothing" ? answered : "refusal" in answered ? JSON.stringify(answered.refusal) : answered.answer.body.toString()}`;

function refusalIn({ ok, body }: DecodedAnswer): RefusalBody | undefined {
  return ok ? undefined : (JSON.parse(body.toString()) as RefusalBody);
}

function rowsIn(body: Buffer): Rows {
  const answer = JSON.parse(body.toString()) as readonly Record<string, string>[] | { readonly rows: Rows };
  const rows =
    "rows" in answer ? answer.rows : answer.map(({ id, value }) => [String(id), String(value)] as const);
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
}

const isRead = ({ kind }: Ask): boolean => kind === "read" || kind === "strongRead" || kind === "search";

/** Every other request is made in SQL, as far as the form of its answer allows it. */
const isInSql = (one: Told): boolean => numberOf(one) % 2 === 0;
const numberOf = ({ value }: Told): number => Number(value.slice(1));

const selectInRows = { kind: "select", table: "things", columns: ["id", "value"] } as const;
const selectInSql = { kind: "sql", sql: "SELECT id, value FROM things" } as const;
const lookInSql = { kind: "sql", sql: "SELECT count(*) FROM things" } as const;

function statementOf(one: Told, changeSchema: boolean): WriteStatement | ReadStatement {
  const { ask, value, id } = one;
  const insert = { kind: "insert", table: "things", columns: ["id", "value"] } as const;
  switch (ask.kind) {
    case "add":
    case "claim": {
      if (!isInSql(one)) return { shape: insert, rows: [[id, value]] };
      const parts = [insert, lookInSql].map((shape) => ({ shape, rows: 1 }));
      return { shape: { kind: "batch", parts }, rows: [[id, value], []] };
    }
    case "count":
      if (isInSql(one)) return countedInSql(value, changeSchema ? numberOf(one) / 2 : 0);
      return { shape: { kind: "insert", table: "counted", columns: ["value"] }, rows: [[value]] };
    case "set":
      return { shape: { ...insert, onConflict: "update" }, rows: [[id, value]] };
    case "free":
      return {
        shape: { kind: "delete", table: "things", where: { op: "=", column: "id", param: 0 } },
        rows: [[id]],
      };
    case "clear":
      return { shape: { kind: "clear" }, rows: [[]] };
    case "read":
    case "strongRead":
      return { shape: isInSql(one) ? selectInSql : selectInRows, params: [] };
    case "sweep":
    case "search":
      return lookingThrough(value, ask);
    case "transfer":
    case "look":
      throw new Error("a transaction is no statement");
  }
}
