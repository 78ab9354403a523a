// The API's server in this process, composed as api/main.ts does it: real HTTP, a real door, and in place of broker and
// ZooKeeper what answers at once.
import { randomUUID } from "node:crypto";
import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { type Access, Door } from "../../../api/access/door.ts";
import type { PendingRead, PendingWrite } from "../../../api/batching/pending.ts";
import { BackupTurn } from "../../../api/cluster/backup.ts";
import { manifestInZooKeeper } from "../../../api/cluster/manifest-store.ts";
import { Restoring } from "../../../api/cluster/restoring.ts";
import { CurrentZnodes } from "../../../api/cluster/znodes.ts";
import { ApiServer, type ConnectionLimits } from "../../../api/http/api-server.ts";
import { backupRoutes } from "../../../api/http/backup-routes.ts";
import { Bodies } from "../../../api/http/bodies.ts";
import { clusterRoutes } from "../../../api/http/cluster-routes.ts";
import { DatabaseRoutes, databaseRoutes } from "../../../api/http/database-routes.ts";
import { type LibsqlPorts, libsqlRoutes } from "../../../api/http/libsql-routes.ts";
import { manifestRoutes } from "../../../api/http/manifest-routes.ts";
import { restoreRoutes } from "../../../api/http/restore-routes.ts";
import { createRoutes, type Route } from "../../../api/http/routes.ts";
import { Unsent } from "../../../api/http/unsent.ts";
import { Database } from "../../../api/libsql/database.ts";
import { Streams } from "../../../api/libsql/streams.ts";
import { limits } from "../../../api/limits.ts";
import { Meters } from "../../../api/live/meters.ts";
import { Sampler } from "../../../api/live/sampler.ts";
import { LiveStream, liveRoutes } from "../../../api/live/stream.ts";
import { descriptionRoutes } from "../../../api/openapi/routes.ts";
import { openAccess } from "../../../core/access.ts";
import type { RequestSpec } from "../../../core/manifest/manifest.ts";
import { knownStatements } from "../../../core/messages/statement.ts";
import { pathsOf } from "../../../core/state/znodes.ts";
import { systemClock } from "../../../platform/process/clock.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import { Metrics } from "../../../platform/telemetry/metrics.ts";
import { FakeZnodes, requestLimits } from "./fake-znodes.ts";
import { patient } from "./patience.ts";

const log = createLog({ program: "api", format: "json", level: "silent" });
const requests = { ...requestLimits, bodyBytesMax: 10_000 };

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export class TestServer {
  readonly reads: PendingRead[] = [];
  readonly writes: PendingWrite[] = [];
  readonly door: Door;
  readonly api: ApiServer;
  readonly #clock = { nowMs: 0 };
  readonly #stream: LiveStream;
  /** Where the manifest stands. */
  readonly znodes = new FakeZnodes();
  readonly restoring = new Restoring(pathsOf("test"));
  counted = 0;
  /** What the manifest says of them. */
  readonly requests = { ...requests, schemaBySql: "admin" as RequestSpec["schemaBySql"] };
  /** What stands in for the batchers; they answer at once. */
  onRead = ({ reply }: PendingRead): void =>
    reply.answered({ index: 0, ok: true, body: Buffer.from("[]"), position: 1 }, "w-2");
  onWrite = ({ reply }: PendingWrite): void => {
    const body = Buffer.from('{"rowsAffected":1,"position":2}');
    reply.answered({ index: 0, ok: true, body, position: 2 }, "w-1");
  };
  readonly broker = { connected: true };
  readonly workers: { master: string | undefined } = { master: "w-1" };
  /** ZooKeeper as the cluster's routes see it: away, until a test says otherwise. */
  readonly cluster = new CurrentZnodes();
  /** How far the master that leads knows the kinds of statements. */
  knownStatements: number = knownStatements;
  dataMissing = false;
  port = 0;

  constructor(access: Access = openAccess, bounds: Partial<ConnectionLimits> = {}) {
    const paths = pathsOf("test");
    const clock = { ...systemClock, monotonicMs: () => this.#clock.nowMs };
    this.door = new Door(clock, access);
    const meters = new Meters(systemClock);
    const unsent = new Unsent(limits);
    const bodies = new Bodies(limits.bodiesBytesMax);
    const database = new DatabaseRoutes({
      ...{ reads: { submit: (read) => this.#read(read) }, writes: { submit: (write) => this.#write(write) } },
      bodies,
      unsent,
      spec: { requests: this.requests },
      clock: systemClock,
      log,
      meters,
      ...this.#standing(),
      countRead: this.#countRead,
    });
    const reads = { meter: database.meters.read, inFlight: () => 0 };
    const reachable = { rabbitmq: true, zookeeper: true, controller: true };
    const sampler = new Sampler({
      api: "api-0",
      ...{ reads, writes: reads },
      surroundings: () => ({ reachable, scaling: null }),
      now: systemClock.now,
    });
    this.#stream = new LiveStream({ paths, limits, clock: systemClock, sampler, depths: async () => null });
    this.door.onChange(this.#stream.dismiss);
    const routes = createRoutes(
      [
        ...databaseRoutes(database, this.#countRead),
        ...this.#clusterRoutes(),
        ...this.#copyRoutes(unsent),
        ...this.#manifestRoutes(),
        ...libsqlRoutes(this.#libsql({ bodies, unsent })),
        ...liveRoutes(this.#stream, new Metrics()),
        ...descriptionRoutes(),
      ],
      { door: this.door, log, meters, pages: (_req, _res, next) => next() },
    );
    this.api = new ApiServer({
      hot: database,
      rest: routes,
      door: this.door,
      unsent,
      bounds: { ...patient, ...bounds },
    });
  }

  #standing() {
    return {
      dataMissing: () => this.dataMissing,
      knownStatements: () => this.knownStatements,
      restoring: this.restoring,
      forbids: (req: IncomingMessage) => this.door.forbids(req),
    };
  }

  #clusterRoutes(): readonly Route[] {
    const { cluster: znodes, broker, workers, requests } = this;
    const paths = pathsOf("test");
    return clusterRoutes({ znodes, paths, clock: systemClock, spec: { requests }, broker, workers });
  }

  #copyRoutes(unsent: Unsent): readonly Route[] {
    const beside = { znodes: this.#current(), clock: systemClock, log };
    const broker = { connection: undefined };
    const bounds = { unsent, takenWithinMs: limits.unsentWithinMs };
    return [
      ...backupRoutes({ ...beside, ...bounds, broker, paths: pathsOf("test"), turn: new BackupTurn() }),
      ...restoreRoutes({ ...beside, restoring: this.restoring }),
    ];
  }

  readonly #countRead = () => {
    this.counted += 1;
  };

  #libsql(parts: Pick<LibsqlPorts, "bodies" | "unsent">): LibsqlPorts {
    const database = new Database({
      reads: { submit: (read) => this.#read(read) },
      writes: { submit: (write) => this.#write(write), newestPosition: 0 },
      spec: { requests },
      clock: systemClock,
      countRead: this.#countRead,
    });
    const streams = new Streams({ database, spec: { requests }, clock: systemClock, newId: randomUUID });
    const { door } = this;
    const there = this.#standing();
    return { ...parts, ...there, database, streams, door, spec: { requests }, clock: systemClock, log };
  }

  #current(): CurrentZnodes {
    const current = new CurrentZnodes();
    current.set(this.znodes);
    return current;
  }

  #manifestRoutes(): readonly Route[] {
    const path = pathsOf("test").manifest;
    const manifest = manifestInZooKeeper({ znodes: this.#current(), path, by: "api-0", clock: systemClock });
    const bodies = new Bodies(limits.bodiesBytesMax);
    return manifestRoutes({ manifest, bodies, checkWithinMs: patient.requestWithinMs });
  }

  async start(): Promise<void> {
    this.port = await this.api.listen(0);
  }

  async stop(): Promise<void> {
    this.#stream.close();
    await this.api.drain();
  }

  get listeners(): number {
    return this.#stream.listeners;
  }

  /** The door's time goes on; nothing else's does. */
  pass(ms: number): void {
    this.#clock.nowMs += ms;
  }

  /** The path goes out as it is, which `fetch` would not do. */
  call(
    method: string,
    path: string,
    { token, body, headers = {} }: { token?: string; body?: string; headers?: Record<string, string> } = {},
  ): Promise<HttpAnswer> {
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    // Without it Node sends bodies of some methods as if they were the next request.
    const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: "127.0.0.1",
          port: this.port,
          method,
          path,
          agent: false,
          headers: { ...length, ...authorization, ...headers },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("end", () =>
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              text: Buffer.concat(chunks).toString("utf8"),
            }),
          );
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  /** Sends these very bytes; everything that comes back until the server closes. */
  raw(text: string | Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      let received = "";
      const socket = connect(this.port, "127.0.0.1", () => socket.write(text));
      socket.on("data", (chunk) => {
        received += chunk.toString("latin1");
      });
      socket.on("close", () => resolve(received));
      socket.on("error", reject);
    });
  }

  #read(read: PendingRead): void {
    this.reads.push(read);
    this.onRead(read);
  }

  #write(write: PendingWrite): void {
    this.writes.push(write);
    this.onWrite(write);
  }
}
