// The transactions of simulated clients, on the API's own streams of the libSQL protocol: a stream is of one API process, and what it
// holds goes with that.
import { failed, type Outcome } from "../../api/libsql/outcomes.ts";
import type { Stream } from "../../api/libsql/stream.ts";
import type { Param } from "../../core/messages/statement.ts";
import type { Cluster, KeptApi } from "./cluster.ts";
import type { Ask, TransactionAsk } from "./course.ts";
import { timeoutMs } from "./manifest.ts";

const allowed = { mayWrite: () => true, mayDefine: () => false } as const;
/** A statement may be tried, and the log asked how far it is, and be tried again. */
const givesUpMs = 3 * timeoutMs + 1_000;
const commitsMax = 5;
const againMs = 200;

const valueSql = "SELECT value FROM accounts WHERE name = ?";
const setSql = "INSERT INTO accounts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
const allSql = "SELECT name FROM accounts ORDER BY name";

/** What is written down of one. */
interface Transacted {
  readonly client: number;
  readonly value: string;
  outcome: "ok" | "refused" | "unknown";
  code?: string;
  answeredAtMs: number;
  /** Of a look at all accounts. */
  sum?: number;
}

export const isOfTransactions = (ask: Ask): ask is TransactionAsk =>
  ask.kind === "transfer" || ask.kind === "look";

/** Fills in what its client was told. */
export async function inTransaction(cluster: Cluster, one: Transacted, ask: TransactionAsk): Promise<void> {
  const { apis, world } = cluster;
  const kept = apis[one.client % apis.length] as KeptApi;
  const { api } = kept;
  if (api === undefined || kept.process.paused) return;
  const taken = api.streams.take(undefined);
  if (!("stream" in taken)) return;
  const client = new TransactionClient(cluster, kept, taken.stream);
  try {
    await (ask.kind === "transfer" ? client.transfer(one, ask) : client.look(one));
  } finally {
    one.answeredAtMs = world.nowMs;
    world.tell(`client ${one.client}`, `${ask.kind} ${one.value}: ${one.outcome} ${one.code ?? ""}`);
    // Not by one whose API is gone, or stands still.
    if (client.isThere) {
      taken.stream.close();
      taken.giveBack();
    }
  }
}

class TransactionClient {
  readonly #cluster: Cluster;
  readonly #kept: KeptApi;
  readonly #api: KeptApi["api"];
  readonly #stream: Stream;

  constructor(cluster: Cluster, kept: KeptApi, stream: Stream) {
    this.#cluster = cluster;
    this.#kept = kept;
    this.#api = kept.api;
    this.#stream = stream;
  }

  get isThere(): boolean {
    return this.#kept.api === this.#api && !this.#kept.process.paused;
  }

  async transfer(
    one: Transacted,
    { from, to, amount }: Extract<TransactionAsk, { kind: "transfer" }>,
  ): Promise<void> {
    // Whatever happens before its COMMIT, nothing of it is done.
    one.outcome = "refused";
    if (!(await this.#done(one, "BEGIN"))) return;
    const read: Record<string, number> = {};
    for (const account of [from, to]) {
      const rows = await this.#done(one, valueSql, account);
      if (rows === undefined) return;
      read[account] = Number(rows[0] ?? 0);
    }
    const wrote = { [from]: (read[from] ?? 0) - amount, [to]: (read[to] ?? 0) + amount };
    for (const [account, value] of Object.entries(wrote))
      if (!(await this.#done(one, setSql, account, value))) return;
    const noted = "INSERT INTO transfers (op, read, wrote) VALUES (?, ?, ?)";
    if (!(await this.#done(one, noted, one.value, JSON.stringify(read), JSON.stringify(wrote)))) return;
    await this.#commit(one);
  }

  /** One after another: all of it was true at one moment. */
  async look(one: Transacted): Promise<void> {
    one.outcome = "refused";
    if (!(await this.#done(one, "BEGIN TRANSACTION READONLY"))) return;
    const names = await this.#done(one, allSql);
    let sum = 0;
    for (const name of names ?? []) {
      const rows = await this.#done(one, valueSql, name);
      if (rows === undefined) return;
      sum += Number(rows[0]);
    }
    if (names === undefined || !(await this.#done(one, "COMMIT"))) return;
    one.outcome = "ok";
    one.sum = sum;
  }

  async #commit(one: Transacted): Promise<void> {
    for (let asked = 0; asked < commitsMax; asked++) {
      if (asked > 0) await this.#cluster.world.sleep(againMs);
      const outcome = await this.#execute("COMMIT");
      one.outcome = "unknown";
      if (outcome === undefined) return;
      if (outcome.fate === "ok") {
        one.outcome = "ok";
        return;
      }
      this.#note(one, outcome);
      if (outcome.fate !== "error" || outcome.error.code === "UNKNOWN_OUTCOME") continue;
      one.outcome = "refused";
      return;
    }
  }

  /** @returns the first value of each row; undefined where the statement was not carried out */
  async #done(
    one: Transacted,
    sql: string,
    ...params: readonly Param[]
  ): Promise<readonly string[] | undefined> {
    const outcome = await this.#execute(sql, params);
    if (outcome?.fate === "ok") return outcome.result.rows.map((row) => String(JSON.parse(row)[0].value));
    if (outcome !== undefined) this.#note(one, outcome);
    return undefined;
  }

  #note(one: Transacted, outcome: Outcome): void {
    if (outcome.fate === "error") one.code = outcome.error.code.toLowerCase();
  }

  /** @returns undefined where its client hears nothing of it */
  #execute(sql: string, params: readonly Param[] = []): Promise<Outcome | undefined> {
    if (!this.isThere) return Promise.resolve(undefined);
    const { world } = this.#cluster;
    const ready = this.#stream.readyFrom({ text: { sql }, params, wantRows: true });
    if ("fate" in ready) return Promise.resolve(failed(ready.error));
    return new Promise((resolve, reject) => {
      const cancel = world.after(givesUpMs, () => {
        world.touch();
        resolve(undefined);
      });
      this.#stream.execute(ready, allowed).then((outcome) => {
        cancel();
        resolve(outcome);
      }, reject);
    });
  }
}
