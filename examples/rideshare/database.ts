// The one way to the data: db/read and db/write of the database service. Nothing is kept here but the log position up to
// which this process has seen the data, so that no copy behind it answers its next question.
import { randomUUID } from "node:crypto";
import { exchange, type HttpAnswer } from "./http-client.ts";
import { isRecord, parseJson } from "./json.ts";
import { type Deadline, untilAnswered } from "./patience.ts";
import type { Row, Value, Where } from "./rows.ts";

/** The database's rules forbid this write: a key is taken, or what it refers to does not exist. */
export class Conflict extends Error {
  override readonly name = "Conflict";
}

/** More than the service takes or answers at once. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
}

export type Write =
  | { readonly op: "insert"; readonly table: string; readonly row: Row }
  | { readonly op: "delete"; readonly table: string; readonly where: Where | string };

export type Read =
  | {
      readonly table: string;
      readonly columns: readonly string[];
      readonly where?: Where;
      readonly orderBy?: readonly string[];
      readonly limit?: number;
    }
  | { readonly table: string; readonly count: 1 };

/** "strong" sees every acknowledged write of anybody; a position sees all writes up to it, and this process's own. */
export type Freshness = "strong" | { readonly atLeast: number };

export class Database {
  readonly #url: URL;
  readonly #authorization: Readonly<Record<string, string>>;
  #seen = 0;

  /** @param token of the role writer, where the service's front door is closed */
  constructor(url: URL, token = "") {
    this.#url = url;
    this.#authorization = token === "" ? {} : { authorization: `Bearer ${token}` };
  }

  /** How far into the service's log this process has seen. */
  get seen(): number {
    return this.#seen;
  }

  /** @returns the number of rows written. @throws Conflict, TooLarge, Unavailable */
  async write(statement: Write, deadline: Deadline): Promise<number> {
    const headers = { "idempotency-key": `rideshare-${randomUUID()}` };
    const body = JSON.stringify(statement);
    const answer = await untilAnswered(deadline, (timeoutMs) =>
      this.#post("/api/v1/db/write", headers, body, timeoutMs),
    );
    const outcome = this.#accept(answer);
    const rowsAffected = isRecord(outcome) ? outcome.rowsAffected : undefined;
    if (typeof rowsAffected !== "number") throw new Error("db/write answered without rowsAffected");
    return rowsAffected;
  }

  /** @throws TooLarge, Unavailable */
  async read(query: Read, freshness: Freshness, deadline: Deadline): Promise<readonly Row[]> {
    let wanted = freshness;
    const answer = await untilAnswered(deadline, async (timeoutMs) => {
      const answer = await this.#readOnce(query, wanted, timeoutMs);
      if (codeOf(answer) === "not_fresh") {
        // Nobody has that position: the service was set up anew. What was seen before is worth nothing now.
        this.#seen = 0;
        wanted = "strong";
      }
      return answer;
    });
    const rows = this.#accept(answer);
    if (!Array.isArray(rows) || !rows.every(isRow)) throw new Error("db/read answered no rows");
    return rows;
  }

  #readOnce(query: Read, freshness: Freshness, timeoutMs: number): Promise<HttpAnswer> {
    // A process that has seen nothing yet, as after its start, cannot say how fresh is fresh enough.
    const strong = freshness === "strong" || this.#seen === 0;
    if (strong)
      return this.#post(
        "/api/v1/db/read",
        {},
        JSON.stringify({ ...query, consistency: "strong" }),
        timeoutMs,
      );
    const headers = { "x-dbaas-min-position": String(Math.max(this.#seen, freshness.atLeast)) };
    return this.#post("/api/v1/db/read", headers, JSON.stringify(query), timeoutMs);
  }

  #post(path: string, headers: Readonly<Record<string, string>>, body: string, timeoutMs: number) {
    return exchange({
      method: "POST",
      url: new URL(path, this.#url),
      headers: { "content-type": "application/json", ...this.#authorization, ...headers },
      body,
      timeoutMs,
    });
  }

  #accept(answer: HttpAnswer): unknown {
    this.#seen = Math.max(this.#seen, Number(answer.headers["x-dbaas-position"]) || 0);
    if (answer.status === 200 || answer.status === 201) return parseJson(answer.text);
    const said = answer.text.slice(0, 500);
    if (answer.status === 409) throw new Conflict(said);
    if (answer.status === 413) throw new TooLarge(said);
    throw new Error(`the database service answered ${answer.status}: ${said}`);
  }
}

function codeOf(answer: HttpAnswer): unknown {
  if (answer.status !== 503) return undefined;
  const body = parseJson(answer.text);
  return isRecord(body) && isRecord(body.error) ? body.error.code : undefined;
}

const isValue = (value: unknown): value is Value =>
  value === null || typeof value === "string" || typeof value === "number";

const isRow = (value: unknown): value is Row => isRecord(value) && Object.values(value).every(isValue);
