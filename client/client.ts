// A client of the service, typed by the API's own description (types.ts). What makes it more than `fetch`: writes carry a
// key and are therefore safe to ask again for, failovers are waited out, and reads see this client's own writes. Whole
// numbers that a JavaScript number cannot hold (beyond 2^53 - 1) are bigints, read and written.
//
//   const db = new Dbaas({ url: "http://localhost" });
//   await db.write({ op: "insert", table: "users", row: { username: "asha", password: "3d72" } });
//   await db.read({ table: "users", where: { username: "asha" } });
import { randomUUID } from "node:crypto";
import { DbaasError } from "./errors.ts";
import { type Answered, type Exchange, exchange, type Fetch } from "./exchange.ts";
import { toJson } from "./json.ts";
import type {
  ClusterEvent,
  ClusterStatus,
  Count,
  Delete,
  Insert,
  ReadAnswer,
  Select,
  Stats,
  Update,
  Upsert,
  Where,
  WriteAnswer,
} from "./types.ts";

export type Write = Insert | Upsert | Update | Delete;

export interface DbaasOptions {
  readonly url: string | URL;
  /** Where the front door is closed. */
  readonly token?: string | undefined;
  /** How long a call may take, all attempts together. */
  readonly withinMs?: number;
  /** Reads are answered by copies that have this client's writes. On unless it is said otherwise. */
  readonly readOwnWrites?: boolean;
  readonly fetch?: Fetch;
}

export interface WriteOptions {
  /** One's own, where a write must not be carried out twice even if this process dies in between. */
  readonly idempotencyKey?: string;
}

const withinDefaultMs = 30_000;

export class Dbaas {
  readonly #options: DbaasOptions;
  #position = 0;

  constructor(options: DbaasOptions) {
    this.#options = options;
  }

  /** The place in the log of the last write of this client. */
  get position(): number {
    return this.#position;
  }

  async read(query: Select | Count): Promise<ReadAnswer> {
    if (this.#options.readOwnWrites === false || this.#position === 0) return this.#read(query, {});
    try {
      return await this.#read(query, { "X-DBaaS-Min-Position": String(this.#position) });
    } catch (error) {
      if (!(error instanceof DbaasError) || error.code !== "not_fresh") throw error;
      // Nobody has that position (any more): the service may have been set up anew, and what was written before be gone.
      this.#position = 0;
      return this.#read({ ...query, consistency: "strong" }, {});
    }
  }

  async #read(query: Select | Count, headers: Readonly<Record<string, string>>): Promise<ReadAnswer> {
    return (await this.#post("/api/v1/db/read", query, headers, true)).value as ReadAnswer;
  }

  async count(table: string, where?: Where): Promise<number> {
    const [row] = await this.read({ table, count: true, ...(where === undefined ? {} : { where }) });
    return Number(row?.count);
  }

  write(statement: Write, options: WriteOptions = {}): Promise<WriteAnswer> {
    return this.#write("/api/v1/db/write", statement, options);
  }

  /** Empties every table. */
  clear(options: WriteOptions = {}): Promise<WriteAnswer> {
    return this.#write("/api/v1/db/clear", undefined, options);
  }

  workers = (): Promise<readonly number[]> => this.#get("/api/v1/worker/list");
  status = (): Promise<ClusterStatus> => this.#get("/api/v1/status");
  stats = (): Promise<Stats> => this.#get("/api/v1/stats");

  /** @param since the id of the last event that is known already */
  events(since?: string): Promise<readonly ClusterEvent[]> {
    const query = since === undefined ? "" : `?since=${encodeURIComponent(since)}`;
    return this.#get(`/api/v1/events${query}`);
  }

  /** Each answers the pid of the worker that was told to go. Never asked for twice: that could be another worker's. */
  crashMaster = (): Promise<number> => this.#wish("/api/v1/crash/master");
  crashSlave = (): Promise<number> => this.#wish("/api/v1/crash/slave");
  switchover = (): Promise<number> => this.#wish("/api/v1/master/switchover");

  /** What only the missing copy held is lost for good. @param copy instead of the fullest that is open */
  acceptLoss(copy?: string): Promise<number> {
    const query = copy === undefined ? "" : `?copy=${encodeURIComponent(copy)}`;
    return this.#wish(`/api/v1/db/accept-loss${query}`);
  }

  async #write(path: string, body: unknown, { idempotencyKey }: WriteOptions): Promise<WriteAnswer> {
    const headers = { "Idempotency-Key": idempotencyKey ?? randomUUID() };
    const answer = (await this.#post(path, body, headers, true)).value as WriteAnswer;
    this.#position = Math.max(this.#position, answer.position);
    return answer;
  }

  async #wish(path: string): Promise<number> {
    const [pid] = (await this.#post(path, undefined, {}, false)).value as readonly number[];
    return Number(pid);
  }

  #post(
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>>,
    repeatable: boolean,
  ): Promise<Answered> {
    const json = body === undefined ? {} : { body: toJson(body) };
    const type: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
    return this.#exchange(path, { method: "POST", headers: { ...type, ...headers }, repeatable, ...json });
  }

  async #get<T>(path: string): Promise<T> {
    return (await this.#exchange(path, { method: "GET", headers: {}, repeatable: true })).value as T;
  }

  #exchange(path: string, request: Pick<Exchange, "method" | "headers" | "body" | "repeatable">) {
    const { url, token, withinMs = withinDefaultMs, fetch: send = fetch } = this.#options;
    const authorization: Record<string, string> =
      token === undefined ? {} : { Authorization: `Bearer ${token}` };
    return exchange(send, {
      ...request,
      url: new URL(path, url),
      headers: { ...request.headers, ...authorization },
      withinMs,
    });
  }
}
