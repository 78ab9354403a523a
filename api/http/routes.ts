// Every route of the API, the methods it knows, the role it needs, and how an error becomes an answer.
import type { IncomingMessage, ServerResponse } from "node:http";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { messageOf, Refusal, refusalBody, TransientError } from "../../core/errors.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Door } from "../access/door.ts";
import type { Need } from "../access/guard.ts";
import type { Meters, RouteMeter } from "../live/meters.ts";
import { type HttpRefusal, refuse, unforeseen } from "./refusals.ts";

export type Method = "get" | "post" | "put";

export interface Route {
  readonly method: Method;
  readonly path: RoutePath;
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void | Promise<void>;
  /** Its handler measures its requests itself. */
  readonly measuredInside?: true;
  /** Its handler takes the body. That of all other requests is read and dropped: it must not pile up unread. */
  readonly readsBody?: true;
  /** Called for requests of another method, before they are refused. */
  readonly onOtherMethod?: () => void;
}

export const paths = {
  read: "/api/v1/db/read",
  write: "/api/v1/db/write",
  clear: "/api/v1/db/clear",
  backup: "/api/v1/db/backup",
  backups: "/api/v1/db/backups",
  restore: "/api/v1/db/restore",
  workers: "/api/v1/worker/list",
  crashMaster: "/api/v1/crash/master",
  crashSlave: "/api/v1/crash/slave",
  switchover: "/api/v1/master/switchover",
  acceptLoss: "/api/v1/db/accept-loss",
  manifest: "/api/v1/manifest",
  status: "/api/v1/status",
  health: "/healthz",
  ready: "/readyz",
  events: "/api/v1/events",
  stats: "/api/v1/stats",
  metrics: "/metrics",
  libsql2: "/v2",
  libsql3: "/v3",
  pipeline2: "/v2/pipeline",
  pipeline3: "/v3/pipeline",
  cursor: "/v3/cursor",
  description: "/openapi.json",
  docs: "/docs",
} as const;

export type RoutePath = (typeof paths)[keyof typeof paths];

/** The role that a route asks for, in any method. Each route has one. */
export const needs: Readonly<Record<RoutePath, Need>> = {
  [paths.read]: "reader",
  [paths.write]: "writer",
  [paths.clear]: "admin",
  [paths.backup]: "admin",
  [paths.backups]: "reader",
  [paths.restore]: "admin",
  [paths.workers]: "reader",
  [paths.crashMaster]: "admin",
  [paths.crashSlave]: "admin",
  [paths.switchover]: "admin",
  [paths.acceptLoss]: "admin",
  [paths.manifest]: "admin",
  [paths.status]: "reader",
  [paths.health]: "anyone",
  [paths.ready]: "anyone",
  [paths.events]: "reader",
  [paths.stats]: "reader",
  [paths.metrics]: "reader",
  [paths.libsql2]: "anyone",
  [paths.libsql3]: "anyone",
  // What writes asks for more, statement by statement.
  [paths.pipeline2]: "reader",
  [paths.pipeline3]: "reader",
  [paths.cursor]: "reader",
  [paths.description]: "anyone",
  [paths.docs]: "anyone",
};

export interface RoutesOptions {
  readonly door: Door;
  readonly log: Log;
  readonly meters: Meters;
  /** What people look at, after all that programs ask for. */
  readonly pages: RequestHandler;
}

export function createRoutes(routes: readonly Route[], { door, log, meters, pages }: RoutesOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  for (const [path, some] of byPath(routes)) {
    // Checked at the route, not at the path's text: however a path is written that leads here, it passes the door.
    // One place for all methods: `app.all` would make one of each method that Node.js knows.
    const at = app.route(path);
    at.all((req, res, next) => {
      const meant = some.find(({ method }) => method === req.method.toLowerCase()) ?? some[0];
      if (meant?.readsBody === undefined) req.resume();
      const turnedAway = door.turnsAway(req, needs[path]);
      if (turnedAway === undefined) next();
      else refuse(res, ...turnedAway);
    });
    for (const route of some) {
      const meter = route.measuredInside ? undefined : meters.of(route.method, path);
      at[route.method]((req, res) => {
        if (meter !== undefined) measure(res, meter);
        return route.handle(req, res);
      });
    }
    at.all(otherMethod(some));
  }
  app.use((req, _res, next) => {
    req.resume();
    next();
  });
  app.use(pages);
  app.use((req, res) => {
    refuse(res, ...(door.turnsAway(req, "anyone") ?? [noSuchRoute]));
  });
  app.use(errorHandler(log));
  return app;
}

const noSuchRoute: HttpRefusal = { code: "not_found", message: "there is no such route" };

/** A stream's duration is only how long its client listened. */
function measure(res: ServerResponse, meter: RouteMeter): void {
  const startedAtMs = meter.clock.monotonicMs();
  res.once("finish", () => {
    if (res.getHeader("Content-Type") !== "text/event-stream") meter.answered(startedAtMs, res.statusCode);
  });
}

const byPath = (routes: readonly Route[]): ReadonlyMap<RoutePath, readonly Route[]> =>
  new Map(routes.map(({ path }) => [path, routes.filter((route) => route.path === path)]));

function otherMethod(routes: readonly Route[]): RequestHandler {
  const allow = routes
    .map(({ method }) => (method === "get" ? "GET, HEAD" : method.toUpperCase()))
    .join(", ");
  return (req, res) => {
    for (const { onOtherMethod } of routes) onOtherMethod?.();
    refuse(res, { code: "method_not_allowed", message: `${req.method} is not allowed here, ${allow} is` }, [
      ["Allow", allow],
    ]);
  };
}

/** Express knows an error handler by its four parameters. */
const errorHandler =
  (log: Log): ErrorRequestHandler =>
  (error: unknown, req, res, _next) => {
    const refusal = refusalOf(error);
    if (refusal.code === "internal") log.error({ err: error, path: req.path }, "could not answer a request");
    refuse(res, refusal);
  };

function refusalOf(error: unknown): HttpRefusal {
  if (error instanceof Refusal) return refusalBody(error);
  if (error instanceof TransientError) return { code: "unavailable", message: messageOf(error) };
  // Express marks what the client did wrong, for instance a path that cannot be decoded.
  const status = error instanceof Error && "status" in error ? Number(error.status) : 500;
  return status >= 400 && status < 500 ? { code: "bad_request", message: messageOf(error) } : unforeseen;
}
