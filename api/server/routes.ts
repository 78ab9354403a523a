// Every route of the API, the methods it knows, and how an error becomes an answer.
import type { IncomingMessage, ServerResponse } from "node:http";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import { messageOf, Refusal, refusalBody, TransientError } from "../../protocol/errors.ts";
import type { Log } from "../../protocol/log.ts";
import { type HttpRefusal, refuse, unforeseen } from "./refusals.ts";

export interface Route {
  readonly method: "get" | "post";
  readonly path: string;
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void | Promise<void>;
  /** Called for requests of another method, before they are refused. */
  readonly onOtherMethod?: () => void;
}

export const paths = {
  read: "/api/v1/db/read",
  write: "/api/v1/db/write",
  clear: "/api/v1/db/clear",
  workers: "/api/v1/worker/list",
  crashMaster: "/api/v1/crash/master",
  crashSlave: "/api/v1/crash/slave",
  switchover: "/api/v1/master/switchover",
  status: "/api/v1/status",
  health: "/healthz",
  ready: "/readyz",
} as const;

export function createRoutes(routes: readonly Route[], log: Log): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  for (const route of routes) {
    app[route.method](route.path, (req, res) => route.handle(req, res));
    app.all(route.path, otherMethod(route));
  }
  app.use((_req, res) => refuse(res, { code: "not_found", message: "there is no such route" }));
  app.use(errorHandler(log));
  return app;
}

function otherMethod({ method, onOtherMethod }: Route): RequestHandler {
  const allow = method === "get" ? "GET, HEAD" : "POST";
  return (req, res) => {
    onOtherMethod?.();
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
