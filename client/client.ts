// A client of the service, typed by the API's own description (types.ts). What makes it more than `fetch`: writes carry a
// key and are therefore safe to ask again for, failovers are waited out, and reads see this client's own writes. Whole
// numbers that a JavaScript number cannot hold (beyond 2^53 - 1) are bigints, read and written.
//
//   const db = new Dbaas({ url: "http://localhost" });
//   await db.write({ op: "insert", table: "users", row: { username: "asha", password: "3d72" } });
//   await db.read({ table: "users", where: { username: "asha" } });
//   await db.query({ sql: "SELECT count(*) FROM users WHERE username LIKE ?", params: ["a%"] });
import { randomUUID } from "node:crypto";
import type { Backups, ClusterEvent, ClusterStatus, Stats } from "./cluster-types.ts";
import { DbaasError } from "./errors.ts";
import {
  type Answered,
  type Exchange,
  exchange,
  type Fetch,
  minPositionHeader,
  yamlType,
} from "./exchange.ts";
import { toJson } from "./json.ts";
import type { Read, ReadAnswer, Sql, SqlAnswer, Where, Write, WriteAnswer } from "./types.ts";

export type { Write } from "./types.ts";

export interface DbaasOptions {
  readonly url: string | URL;
  /** Where the front door is closed. */
  readonly token?: string | undefined;
  /** How long a call may take, all attempts together. */
  readonly withinMs?: number;
  /** How long a single attempt may take, so that one which hangs leaves time for another. Commands have one attempt anyway. */
  readonly attemptWithinMs?: number;
  /** Reads are answered by copies that have this client's writes. On unless it is said otherwise. */
  readonly readOwnWrites?: boolean;
  readonly fetch?: Fetch;
}

export interface CallOptions {
  /** How long this call may take, all attempts together, instead of what the client's own option says. */
  readonly withinMs?: number;
}

export interface ReadOptions extends CallOptions {
  /** Answered by a copy that is at least as far, for those who learn of positions elsewhere. */
  readonly minPosition?: number;
}

export interface WriteOptions extends CallOptions {
  /** One's own, where a write must not be carried out twice even if this process dies in between. */
  readonly idempotencyKey?: string;
}

const withinDefaultMs = 30_000;

type Headers = Readonly<Record<string, string>>;

const versionIn = (headers: Answered["headers"]): string | undefined =>
  headers.get("etag")?.replaceAll('"', "");

export class Dbaas {
  readonly #options: DbaasOptions;
  #position = 0;
  #seen = 0;

  constructor(options: DbaasOptions) {
    this.#options = options;
  }

  /** The place in the log of the last write of this client. */
  get position(): number {
    return this.#position;
  }

  /** The furthest place in the log that an answer to this client stood for, of reads and writes alike. */
  get seen(): number {
    return this.#seen;
  }

  async read(query: Read, options: ReadOptions = {}): Promise<ReadAnswer> {
    return (await this.#readOwn(query, options)) as ReadAnswer;
  }

  async #readOwn(query: Read | Sql, options: ReadOptions): Promise<unknown> {
    const endMs = performance.now() + this.#withinMs(options);
    const own = this.#options.readOwnWrites === false ? 0 : this.#position;
    const position = Math.max(own, options.minPosition ?? 0);
    // A strong read sees every write that was answered, this client's among them.
    if (position === 0 || query.consistency === "strong") return this.#read(query, {}, options);
    try {
      return await this.#read(query, { [minPositionHeader]: String(position) }, options);
    } catch (error) {
      if (!(error instanceof DbaasError) || error.code !== "not_fresh") throw error;
      // No copy has that position (any more): the service may have been set up anew, and what was written before be gone.
      [this.#position, this.#seen] = [0, 0];
      return this.#read({ ...query, consistency: "strong" }, {}, { withinMs: endMs - performance.now() });
    }
  }

  async #read(query: Read | Sql, headers: Headers, options: CallOptions): Promise<unknown> {
    return (await this.#post("/api/v1/db/read", query, headers, options)).value;
  }

  /** A statement of SQL that only reads, with its columns. Sees the writes of this client as `read` does. */
  async query(query: Sql, options: ReadOptions = {}): Promise<SqlAnswer> {
    return (await this.#readOwn(query, options)) as SqlAnswer;
  }

  async count(table: string, where?: Where, options: ReadOptions = {}): Promise<number> {
    const [row] = await this.read({ table, count: true, ...(where === undefined ? {} : { where }) }, options);
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
  /** Those that the manifest asks for. */
  backups = (): Promise<Backups> => this.#get("/api/v1/db/backups");
  stats = (): Promise<Stats> => this.#get("/api/v1/stats");

  /** @param since the id of the last event that is known already */
  events(since?: string): Promise<readonly ClusterEvent[]> {
    const query = since === undefined ? "" : `?since=${encodeURIComponent(since)}`;
    return this.#get(`/api/v1/events${query}`);
  }

  /** The operator's manifest as it was written. Its version changes with each change; on one host it has none. */
  async manifest(): Promise<{ readonly text: string; readonly version: string | undefined }> {
    const request = { method: "GET", headers: {}, withinMs: this.#withinMs({}), repeatable: true } as const;
    const { value, headers } = await this.#exchange("/api/v1/manifest", request);
    return { text: String(value ?? ""), version: versionIn(headers) };
  }

  /**
   * Puts another manifest in its place, where the cluster is on several hosts.
   * @param version only while it is the one of this version
   */
  async putManifest(text: string, version?: string): Promise<void> {
    const match: Headers = version === undefined ? {} : { "If-Match": `"${version}"` };
    await this.#exchange("/api/v1/manifest", {
      method: "PUT",
      headers: { "Content-Type": yamlType, ...match },
      body: text,
      withinMs: this.#withinMs({}),
      // With a version the second attempt could meet the change that the first one made.
      repeatable: version === undefined,
    });
  }

  /** Each answers the pid of the worker that was told to go. Never asked for twice: that could be another worker's. */
  crashMaster = (): Promise<number> => this.#command("/api/v1/crash/master");
  crashSlave = (): Promise<number> => this.#command("/api/v1/crash/slave");
  switchover = (): Promise<number> => this.#command("/api/v1/master/switchover");

  /** What only the missing copy held is lost for good. @param copy instead of the fullest that is open */
  acceptLoss(copy?: string): Promise<number> {
    const query = copy === undefined ? "" : `?copy=${encodeURIComponent(copy)}`;
    return this.#command(`/api/v1/db/accept-loss${query}`);
  }

  async #write(path: string, body: unknown, options: WriteOptions): Promise<WriteAnswer> {
    const headers = { "Idempotency-Key": options.idempotencyKey ?? randomUUID() };
    const answer = (await this.#post(path, body, headers, options)).value as WriteAnswer;
    this.#position = Math.max(this.#position, answer.position);
    this.#seen = Math.max(this.#seen, answer.position);
    return answer;
  }

  async #command(path: string): Promise<number> {
    const [pid] = (await this.#post(path, undefined, {}, {}, false)).value as readonly number[];
    return Number(pid);
  }

  #post(
    path: string,
    body: unknown,
    headers: Headers,
    options: CallOptions,
    repeatable = true,
  ): Promise<Answered> {
    const json = body === undefined ? {} : { body: toJson(body) };
    const type: Headers = body === undefined ? {} : { "Content-Type": "application/json" };
    const withinMs = this.#withinMs(options);
    return this.#exchange(path, {
      method: "POST",
      headers: { ...type, ...headers },
      withinMs,
      repeatable,
      ...json,
    });
  }

  async #get<T>(path: string): Promise<T> {
    const request = { method: "GET", headers: {}, withinMs: this.#withinMs({}), repeatable: true } as const;
    return (await this.#exchange(path, request)).value as T;
  }

  #withinMs = ({ withinMs }: CallOptions): number => withinMs ?? this.#options.withinMs ?? withinDefaultMs;

  async #exchange(path: string, request: Omit<Exchange, "url">): Promise<Answered> {
    const { url, token, attemptWithinMs, fetch: send = fetch } = this.#options;
    const authorization: Headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const answered = await exchange(send, {
      ...request,
      url: new URL(path, url),
      headers: { ...request.headers, ...authorization },
      ...(attemptWithinMs === undefined ? {} : { attemptWithinMs }),
    });
    this.#seen = Math.max(this.#seen, Number(answered.headers.get("x-dbaas-position")) || 0);
    return answered;
  }
}
