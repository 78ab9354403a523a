// The routes of data on a real copy, those of the libSQL protocol and db/read and db/write: the API's machine and the workers' SQL, and in
// place of queues and log calls from one to the other.
import { randomUUID } from "node:crypto";
import { Door } from "../../../../api/access/door.ts";
import type { PendingRead, PendingWrite } from "../../../../api/batching/pending.ts";
import { ApiServer } from "../../../../api/http/api-server.ts";
import { Bodies } from "../../../../api/http/bodies.ts";
import { DatabaseRoutes } from "../../../../api/http/database-routes.ts";
import { libsqlRoutes } from "../../../../api/http/libsql-routes.ts";
import { createRoutes } from "../../../../api/http/routes.ts";
import { Unsent } from "../../../../api/http/unsent.ts";
import { Database } from "../../../../api/libsql/database.ts";
import { Streams } from "../../../../api/libsql/streams.ts";
import { limits } from "../../../../api/limits.ts";
import { Meters } from "../../../../api/live/meters.ts";
import { type AccessSpec, openAccess } from "../../../../core/access.ts";
import { Refusal, type RefusalBody } from "../../../../core/errors.ts";
import { type BatchRecord, checksumOf, decodeRecord } from "../../../../core/log/record.ts";
import { knownStatements } from "../../../../core/messages/statement.ts";
import type { Schema } from "../../../../core/schema.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import { answerReads } from "../../../../worker/read/answer-reads.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { committed, unlimited } from "../../../fakes/commits.ts";
import { openCopy, replying, type Undoing } from "../../worker/copies.ts";
import { requestLimits } from "../fake-znodes.ts";
import { patient } from "../patience.ts";

const log = createLog({ program: "api", format: "json", level: "silent" });

export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** No test is about a read that comes too late for who waits for it. */
const answerWithinMs = 120_000;

export class World {
  readonly records: BatchRecord[] = [];
  /** The writes that reached the master, with the shape of each. */
  readonly sent: { readonly kind: string; readonly trial: boolean }[] = [];
  /** Instead of carrying it out. */
  lost: ((write: PendingWrite) => "unanswered" | "done and unanswered" | undefined) | undefined;
  counted = 0;
  knownStatements: number = knownStatements;
  /** How long a statement may take. */
  queryMs = 60_000;
  readonly clock = { ...systemClock, aheadMs: 0, monotonicMs: () => performance.now() + this.clock.aheadMs };
  readonly store: Store;
  readonly streams: Streams;
  readonly database: Database;
  readonly #server: ApiServer;
  #last: Promise<unknown> = Promise.resolve();
  newestPosition = 0;
  port = 0;

  constructor(store: Store, access: AccessSpec) {
    this.store = store;
    const { clock } = this;
    const spec = { requests: requestLimits };
    const workers = { ...this.#workers(), spec, clock };
    const database = new Database(workers);
    this.database = database;
    this.streams = new Streams({ database, spec, clock, newId: randomUUID });
    const door = new Door(clock, access);
    const unsent = new Unsent(limits);
    const restoring = {
      attempt: undefined,
      refusal: () => new Refusal("unavailable", "a restore is under way"),
    };
    const there = { dataMissing: () => false, knownStatements: () => this.knownStatements, restoring };
    const bodies = new Bodies(limits.bodiesBytesMax);
    const ports = { database, streams: this.streams, door, bodies, unsent, spec, clock, log, ...there };
    const meters = new Meters(clock);
    const app = createRoutes(libsqlRoutes(ports), {
      door,
      log,
      meters,
      pages: (_req, _res, next) => next(),
    });
    const forbids: Door["forbids"] = (req) => door.forbids(req);
    const hot = new DatabaseRoutes({ ...workers, ...there, bodies, unsent, log, meters, forbids });
    this.#server = new ApiServer({ hot, rest: app, door, unsent, bounds: patient });
  }

  #workers() {
    const world = this;
    return {
      reads: { submit: (read: PendingRead) => void this.#read(read) },
      writes: {
        submit: (write: PendingWrite) => this.#inTurn(() => this.#write(write)),
        get newestPosition() {
          return world.newestPosition;
        },
        set newestPosition(position) {
          world.newestPosition = position;
        },
      },
      countRead: () => {
        this.counted += 1;
      },
    };
  }

  async start(): Promise<void> {
    this.port = await this.#server.listen(0);
  }

  stop(): Promise<void> {
    return this.#server.drain();
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async ask(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Asked> {
    const sent =
      body === undefined
        ? {}
        : { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) };
    const response = await fetch(`${this.url}${path}`, { ...sent, headers });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  /** Each stands alone, as the messages of the batchers do. */
  #inTurn(work: () => Promise<void>): void {
    this.#last = this.#last.then(work);
  }

  async #read({ shape, params, minPosition, reply }: PendingRead): Promise<void> {
    const item = {
      index: 0,
      shape: 0,
      params: JSON.parse(params),
      ...(minPosition === undefined ? {} : { minPosition }),
    };
    const batch = {
      v: 1,
      deadlineMs: Date.now() + answerWithinMs,
      attempt: 1,
      shapes: [JSON.parse(shape)],
      items: [item],
    } as const;
    await answerReads(
      this.store,
      batch,
      { queryMs: this.queryMs, freshWithinMs: 100, answerWithinMs },
      replying((answers) => {
        for (const { ok, body, position } of answers)
          reply.answered({ index: 0, ok, position, body: Buffer.from(body) }, "w-2");
      }),
    );
  }

  async #write(pending: PendingWrite): Promise<void> {
    const { reply } = pending;
    const loss = this.lost?.(pending);
    const unknown: RefusalBody = { code: "unavailable", message: "no answer in time" };
    if (loss === "unanswered") return reply.refused(unknown);
    const { ok, body, position } = await this.#carryOut(pending);
    if (loss !== undefined) return reply.refused(unknown);
    if (ok) this.newestPosition = Math.max(this.newestPosition, position);
    reply.answered({ index: 0, ok, position, body: Buffer.from(body) }, "w-1");
  }

  async #carryOut({ shape: text, rows, key = `api-${randomUUID()}#0`, hash }: PendingWrite) {
    const shape = JSON.parse(text);
    this.sent.push({ kind: shape.kind, trial: shape.transaction?.trial !== undefined });
    const item = { index: 0, shape: 0, rows: JSON.parse(rows), key, ...(hash === undefined ? {} : { hash }) };
    const writes = [{ item, shape, message: "api-1" }];
    const limits = { ...unlimited, mayGoOn: (_: unknown, ranMs: number) => ranMs < this.queryMs };
    const input = { writes, chores: [], epoch: 1, atMs: Date.now(), logMs: 1, limits };
    const [outcome] = await committed(ledgerOf(this.store), input, async (content) => {
      this.records.push(decodeRecord(content) as BatchRecord);
      return { offset: 100 + this.records.length, checksum: checksumOf(content) };
    });
    if (outcome === "tooLong")
      return { ok: false, body: '{"code":"query_timeout","message":"too long"}', position: 0 };
    if (outcome === undefined || outcome === "left") throw new Error(`a write was ${outcome}`);
    return outcome;
  }
}

export async function openWorld(t: Undoing, schema: Schema, access: AccessSpec = openAccess): Promise<World> {
  const world = new World(await openCopy(t, schema), access);
  await world.start();
  t.after(() => world.stop());
  return world;
}
