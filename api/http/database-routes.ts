// db/read, db/write and db/clear, from a request to its answer: what keeps it out, body -> statement -> batcher, and what comes of it.
// The two hot routes come here without Express.
import type { IncomingMessage, ServerResponse } from "node:http";
import { Refusal, type RefusalBody, refusalBody } from "../../core/errors.ts";
import type { RequestSpec } from "../../core/manifest/manifest.ts";
import type { DecodedAnswer } from "../../core/messages/queues.ts";
import { changesSchema, knownSince, neededFor, type WriteStatement } from "../../core/messages/statement.ts";
import { fromJson } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Span, Tracing } from "../../platform/telemetry/tracing.ts";
import type { Door } from "../access/door.ts";
import {
  bytesOf,
  type PendingRead,
  type PendingWrite,
  packRead,
  packWrite,
  type Reply,
} from "../batching/pending.ts";
import { attemptHeader, type Restoring } from "../cluster/restoring.ts";
import { limits } from "../limits.ts";
import type { Meters, RouteMeter } from "../live/meters.ts";
import { endRequestSpan, requestSpan } from "../request-traces.ts";
import { jsonFrom } from "../requests/json-body.ts";
import { parseRead } from "../requests/read-request.ts";
import { boundsFrom, headerIn, idempotencyKey } from "../requests/schemas.ts";
import { submitStrongRead } from "../requests/strong-read.ts";
import { clientKeyFrom, parseWrite } from "../requests/write-request.ts";
import type { Bodies } from "./bodies.ts";
import { type Headers, type HttpRefusal, refuse, tooManyUnread, unforeseen } from "./refusals.ts";
import { paths, type Route } from "./routes.ts";
import type { Unsent } from "./unsent.ts";

/** What keeps a request out, whatever it asks. */
export interface Availability {
  /** While it is, no worker can answer. */
  readonly dataMissing: () => boolean;
  /** A restore under way keeps all other requests out. */
  readonly restoring: Pick<Restoring, "attempt" | "refusal">;
  /** How far the workers know the kinds of statements: those of an earlier version not as far. */
  readonly knownStatements: () => number;
}

export interface DatabasePorts extends Availability {
  readonly reads: { submit(pending: PendingRead): void };
  readonly writes: { submit(pending: PendingWrite): void };
  readonly bodies: Bodies;
  readonly unsent: Unsent;
  readonly spec: { readonly requests: RequestSpec };
  readonly clock: Clock;
  readonly countRead: () => void;
  /** Why a request that was let in may not do what needs the role. */
  readonly forbids: Door["forbids"];
  readonly meters: Meters;
  readonly log: Log;
  /** Undefined while traces are off. */
  readonly tracing?: Tracing | undefined;
}

/** What a request costs in memory besides its statement and its headers. */
const requestBytes = 512;
/** Of each text of a header. */
const headerTextBytes = 24;

/** What Node.js keeps of a request until it is answered. */
function bytesOfRequest({ rawHeaders }: IncomingMessage): number {
  let bytes = requestBytes;
  for (const text of rawHeaders) bytes += text.length + headerTextBytes;
  return bytes;
}

export class DatabaseRoutes {
  readonly #ports: DatabasePorts;
  readonly #meters: { readonly read: RouteMeter; readonly write: RouteMeter; readonly clear: RouteMeter };

  constructor(ports: DatabasePorts) {
    this.#ports = ports;
    const meter = (path: string) => ports.meters.of("post", path);
    this.#meters = { read: meter(paths.read), write: meter(paths.write), clear: meter(paths.clear) };
  }

  /** For those who watch the traffic. */
  get meters() {
    return this.#meters;
  }

  readonly read = (req: IncomingMessage, res: ServerResponse): void => {
    this.#ports.countRead();
    this.#withBody(req, this.#reply(req, res, "read"), this.#submitRead);
  };

  readonly write = (req: IncomingMessage, res: ServerResponse): void => {
    this.#withBody(req, this.#reply(req, res, "write"), this.#submitWrite);
  };

  /** Takes no body; one that comes is dropped. */
  readonly clear = (req: IncomingMessage, res: ServerResponse): void => {
    const reply = this.#reply(req, res, "clear");
    this.#refusing(reply, () => this.#submitStatement(req, reply, { shape: { kind: "clear" }, rows: [[]] }));
  };

  #reply(req: IncomingMessage, res: ServerResponse, route: "read" | "write" | "clear"): HttpReply {
    const { tracing, unsent } = this.#ports;
    const span = tracing === undefined ? undefined : requestSpan(tracing, paths[route], req, res);
    return new HttpReply(res, this.#meters[route], unsent, span);
  }

  #withBody(
    req: IncomingMessage,
    reply: HttpReply,
    submit: (req: IncomingMessage, reply: HttpReply, body: Buffer) => void,
  ): void {
    const { bodies, spec } = this.#ports;
    bodies.receive(req, Math.min(spec.requests.bodyBytesMax, limits.bodyBytesMax), (body, refusal) => {
      if (body !== undefined) this.#refusing(reply, () => submit(req, reply, body));
      else if (refusal !== undefined) reply.refused(refusal);
    });
  }

  readonly #submitRead = (req: IncomingMessage, reply: HttpReply, body: Buffer): void => {
    const { strong, ...statement } = parseRead(jsonFrom(body));
    requireAvailable(this.#ports, req, knownSince[statement.shape.kind]);
    const { shape, params } = packRead(statement);
    const bounds = boundsFrom(req.headers);
    const read: PendingRead = {
      shape,
      params,
      reply,
      ...this.#deadline(),
      bytes: bytesOf(shape) + bytesOf(params) + bytesOfRequest(req),
      ...bounds,
    };
    if (strong) submitStrongRead(read, this.#ports.reads, this.#ports.writes);
    else this.#ports.reads.submit(read);
  };

  readonly #submitWrite = (req: IncomingMessage, reply: HttpReply, body: Buffer): void => {
    const { forbids, spec } = this.#ports;
    const statement = parseWrite(jsonFrom(body));
    const forbidden = changesSchema(statement.shape) ? forbids(req)(spec.requests.schemaBySql) : undefined;
    if (forbidden === undefined) this.#submitStatement(req, reply, statement);
    else reply.refused(forbidden);
  };

  #submitStatement(req: IncomingMessage, reply: HttpReply, statement: WriteStatement): void {
    requireAvailable(this.#ports, req, neededFor(statement.shape));
    const clientKey = clientKeyFrom(headerIn(req.headers, idempotencyKey), statement);
    const { shape, rows } = packWrite(statement);
    this.#ports.writes.submit({
      shape,
      rows,
      reply,
      ...this.#deadline(),
      bytes: bytesOf(shape) + bytesOf(rows) + bytesOfRequest(req),
      ...clientKey,
    });
  }

  /** Nothing a client sends may take the process down, not even by a mistake of ours. */
  #refusing(reply: HttpReply, submit: () => void): void {
    try {
      submit();
    } catch (error) {
      if (!(error instanceof Refusal)) this.#ports.log.error({ err: error }, "could not answer a request");
      reply.refused(error instanceof Refusal ? refusalBody(error) : unforeseen);
    }
  }

  #deadline() {
    const { clock, spec } = this.#ports;
    const { timeoutMs } = spec.requests;
    return { deadlineAtMs: clock.monotonicMs() + timeoutMs, deadlineMs: clock.now() + timeoutMs };
  }
}

/**
 * Of every route of data: each protocol writes the refusal in its own way.
 * @throws Refusal, at once: no request is left to wait for what only an operator can end
 */
export function requireAvailable(
  { dataMissing, restoring, knownStatements }: Availability,
  { headers }: IncomingMessage,
  needed: number,
): void {
  if (dataMissing())
    throw new Refusal(
      "unavailable",
      "not all acknowledged data is there, no request is carried out; the status says what is missing",
    );
  if (headers[attemptHeader] !== restoring.attempt) throw restoring.refusal();
  // During an upgrade the API is the newer one.
  if (needed > knownStatements())
    throw new Refusal(
      "unavailable",
      "the workers of an earlier version, which know no such statement, are being replaced; send it again",
    );
}

/** As Express sees them; the two hot ones it sees only in another method or with a query behind the path. */
export const databaseRoutes = (
  { read, write, clear }: DatabaseRoutes,
  countRead: () => void,
): readonly Route[] => [
  {
    method: "post",
    path: paths.read,
    handle: read,
    onOtherMethod: countRead,
    measuredInside: true,
    readsBody: true,
  },
  { method: "post", path: paths.write, handle: write, measuredInside: true, readsBody: true },
  { method: "post", path: paths.clear, handle: clear, measuredInside: true },
];

const unreadable: RefusalBody = { code: "internal", message: "the worker's answer cannot be read" };
/** Up to this size head and body leave as one string, in one write; above it the copy would cost more. */
const oneWriteBytesMax = 4_096;

/** First and last step of a request: measured from here to here. The worker's JSON goes out as the bytes it came in. */
class HttpReply implements Reply {
  readonly #res: ServerResponse;
  readonly #meter: RouteMeter;
  readonly #unsent: Unsent;
  readonly #startedAtMs: number;
  readonly span: Span | undefined;

  constructor(res: ServerResponse, meter: RouteMeter, unsent: Unsent, span?: Span) {
    this.#res = res;
    this.#meter = meter;
    this.#unsent = unsent;
    this.#startedAtMs = meter.clock.monotonicMs();
    this.span = span;
  }

  answered({ ok, body, position }: DecodedAnswer, worker: string): void {
    this.span?.set({ "dbaas.worker": worker, "dbaas.position": position });
    if (!ok) {
      const refusal = fromJson<RefusalBody>(body.toString("utf8")) ?? unreadable;
      this.refused(refusal, [
        ["X-DBaaS-Position", String(position)],
        ["X-DBaaS-Worker", worker],
      ]);
      return;
    }
    const fits = body.length <= oneWriteBytesMax || this.#unsent.admit(this.#res, body.length);
    if (fits) this.#send(body, position, worker);
    else this.refused(tooManyUnread);
  }

  #send(body: Buffer, position: number, worker: string): void {
    this.#res.writeHead(200, [
      "Content-Type",
      "application/json",
      "Content-Length",
      String(body.length),
      "X-DBaaS-Position",
      String(position),
      "X-DBaaS-Worker",
      worker,
    ]);
    if (body.length <= oneWriteBytesMax) this.#res.end(body.toString("latin1"), "latin1");
    else this.#res.end(ofItsOwn(body));
    this.#ended(200);
  }

  refused(refusal: HttpRefusal, headers: Headers = []): void {
    this.#ended(refuse(this.#res, refusal, headers));
  }

  #ended(status: number): void {
    this.#meter.answered(this.#startedAtMs, status);
    if (this.span !== undefined) endRequestSpan(this.span, status);
  }
}

/** The answers of one message share its memory: one that its client does not take must not keep the others. */
const ofItsOwn = (body: Buffer): Buffer =>
  body.length * 4 < body.buffer.byteLength * 3 ? Buffer.from(body) : body;
