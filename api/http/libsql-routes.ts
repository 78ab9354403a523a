// The routes of the libSQL remote protocol, versions 2 and 3 in JSON over HTTP: body -> requests of a stream -> their results.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Role } from "../../core/access.ts";
import { Refusal, type RefusalBody, refusalBody } from "../../core/errors.ts";
import type { RequestSpec } from "../../core/manifest/manifest.ts";
import { knownSince } from "../../core/messages/statement.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Door } from "../access/door.ts";
import type { Database } from "../libsql/database.ts";
import { errorOf, type SqlError } from "../libsql/errors.ts";
import { cursorLines } from "../libsql/outcomes.ts";
import { runPipeline } from "../libsql/pipeline.ts";
import { cursorFrom, pipelineFrom } from "../libsql/requests.ts";
import { Allowance, runSteps } from "../libsql/steps.ts";
import type { Allowed } from "../libsql/stream.ts";
import type { Streams, Taken } from "../libsql/streams.ts";
import { limits } from "../limits.ts";
import { jsonFrom } from "../requests/json-body.ts";
import type { Bodies } from "./bodies.ts";
import { type Availability, requireAvailable } from "./database-routes.ts";
import { type HttpRefusal, sendJson, statusOf, tooManyUnread, unforeseen } from "./refusals.ts";
import { paths, type Route, type RoutePath } from "./routes.ts";
import type { Unsent } from "./unsent.ts";

export interface LibsqlPorts extends Availability {
  readonly database: Database;
  readonly streams: Streams;
  readonly door: Door;
  readonly bodies: Bodies;
  readonly unsent: Unsent;
  readonly spec: { readonly requests: RequestSpec };
  readonly clock: Clock;
  readonly log: Log;
}

/** What a request makes of its body. */
type Answer = (raw: unknown, carrying: Carrying) => Promise<string>;

interface Carrying {
  readonly take: (baton: string | undefined) => Taken;
  readonly allowance: Allowance;
  readonly database: Database;
}

/** The baton is none: the stream is gone for its client. */
class StreamError extends Error {
  override readonly name = "StreamError";
  readonly error: SqlError;

  constructor(error: SqlError) {
    super(error.message);
    this.error = error;
  }
}

export function libsqlRoutes(ports: LibsqlPorts): readonly Route[] {
  const spoken = (path: RoutePath): Route => ({
    method: "get",
    path,
    handle: (_req, res) => sendJson(res, { protocol: "hrana", encoding: "json" }),
  });
  const asked = (path: RoutePath, type: string, answer: Answer): Route => ({
    method: "post",
    path,
    readsBody: true,
    handle: (req, res) => handle(ports, req, res, type, answer),
  });
  return [
    spoken(paths.libsql2),
    spoken(paths.libsql3),
    asked(paths.pipeline2, "application/json", pipeline),
    asked(paths.pipeline3, "application/json", pipeline),
    asked(paths.cursor, "application/x-ndjson", cursor),
  ];
}

const pipeline: Answer = async (raw, { take, ...carrying }) => {
  const { baton, requests } = pipelineFrom(raw);
  const { stream, giveBack } = take(baton);
  const results = await runPipeline({ stream, ...carrying }, requests).catch(closing(stream, giveBack));
  return `{"baton":${JSON.stringify(giveBack())},"base_url":null,"results":[${results.join()}]}`;
};

const cursor: Answer = async (raw, { take, allowance }) => {
  const { baton, steps } = cursorFrom(raw);
  const { stream, giveBack } = take(baton);
  const outcomes = await runSteps(stream, steps, allowance).catch(closing(stream, giveBack));
  const head = JSON.stringify({ baton: giveBack(), base_url: null });
  return [head, ...cursorLines(outcomes), ""].join("\n");
};

const closing =
  (stream: Taken["stream"], giveBack: Taken["giveBack"]) =>
  (error: unknown): never => {
    stream.close();
    giveBack();
    throw error;
  };

function handle(
  ports: LibsqlPorts,
  req: IncomingMessage,
  res: ServerResponse,
  type: string,
  answer: Answer,
): Promise<void> {
  const { bodies, spec, log } = ports;
  return new Promise((over) => {
    res.once("close", over);
    bodies.receive(req, Math.min(spec.requests.bodyBytesMax, limits.bodyBytesMax), (body, refusal) => {
      if (refusal !== undefined) return sendError(res, errorOf(asBody(refusal)), refusal);
      if (body === undefined) return;
      answered(ports, req, res, body, answer)
        .then((text) => send(ports, res, type, text))
        .catch((error: unknown) => {
          if (error instanceof StreamError) return sendError(res, error.error);
          if (error instanceof Refusal)
            return sendError(res, errorOf(refusalBody(error)), refusalBody(error));
          log.error({ err: error }, "could not answer a request");
          sendError(res, { message: unforeseen.message, code: "INTERNAL" }, unforeseen);
        });
    });
  });
}

const asBody = ({ code, ...refusal }: HttpRefusal): RefusalBody => ({
  ...refusal,
  code: code === "too_large" || code === "unavailable" ? code : "bad_request",
});

/** What a stream may send is not known before. */
const neededForAll = Math.max(knownSince.sql, knownSince.batch, knownSince.savepoint);

async function answered(
  ports: LibsqlPorts,
  req: IncomingMessage,
  res: ServerResponse,
  body: Buffer,
  answer: Answer,
): Promise<string> {
  const { database, streams, door, clock, spec } = ports;
  requireAvailable(ports, req, neededForAll);
  const { transactionMs, timeoutMs } = spec.requests;
  const isGone = () => res.closed;
  const allowed = allowedTo(req, door, spec.requests.schemaBySql);
  const withinMs = Math.max(transactionMs, timeoutMs);
  const allowance = new Allowance({ allowed, clock, withinMs, isGone, all: streams.results });
  const take = (baton: string | undefined): Taken => {
    const taken = streams.take(baton);
    if ("stream" in taken) return taken;
    throw new StreamError(taken);
  };
  return answer(jsonFrom(body), { take, allowance, database }).finally(() => allowance.over());
}

/** Nobody asks before something is to be written. */
function allowedTo(req: IncomingMessage, door: Door, schemaBySql: Role): Allowed {
  let forbids: ReturnType<Door["forbids"]> | undefined;
  const may = (need: Role): boolean => {
    forbids ??= door.forbids(req);
    return forbids(need) === undefined;
  };
  return { mayWrite: () => may("writer"), mayDefine: () => may(schemaBySql) };
}

function send({ unsent }: LibsqlPorts, res: ServerResponse, type: string, text: string): void {
  if (res.closed) return;
  const body = Buffer.from(text);
  if (!unsent.admit(res, body.length))
    sendError(res, { message: tooManyUnread.message, code: "UNAVAILABLE" }, tooManyUnread);
  else {
    res.writeHead(200, ["Content-Type", type, "Content-Length", String(body.length)]);
    res.end(body);
  }
}

/** As the protocol has errors, and beside it as the other routes do. */
function sendError(res: ServerResponse, error: SqlError, refusal?: HttpRefusal): void {
  if (res.headersSent || res.closed) return;
  const { code = "bad_request", message = error.message, field } = refusal ?? {};
  const text = JSON.stringify({ ...error, error: { code, message, field } });
  const status = statusOf[code];
  if (status === 503) res.setHeader("Retry-After", "1");
  res.writeHead(status, [
    "Content-Type",
    "application/json",
    "Content-Length",
    String(Buffer.byteLength(text)),
  ]);
  res.end(text);
}
