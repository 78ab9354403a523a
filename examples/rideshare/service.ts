// The frame both microservices stand in, and the one door to express: it counts requests, refuses wrong methods, parses
// bodies and turns replies and errors into HTTP. What a route means is in users/ and rides/.
import express, { type ErrorRequestHandler, type Request, type Response } from "express";
import type { Dbaas } from "../../client/client.ts";
import { limits } from "./limits.ts";
import type { Log } from "./log.ts";
import { type Freshness, timeLeftMs } from "./reading.ts";
import { isTooLarge, isUnavailable } from "./refusals.ts";
import { type Call, type Handler, type Method, ok, type Route } from "./routes.ts";

export interface Service {
  readonly routes: readonly Route[];
  readonly database: Dbaas;
  readonly log: Log;
}

const nothing = {};

/** Every cascade starts at a user: without users there are no rides and no riders. */
const clear =
  (database: Dbaas): Handler =>
  async ({ deadline }) => {
    await database.write({ sql: "DELETE FROM users" }, { withinMs: timeLeftMs(deadline) });
    return ok();
  };

export function createService({ routes, database, log }: Service): express.Express {
  const app = express();
  app.disable("x-powered-by").disable("etag").enable("case sensitive routing");
  let count = 0;
  const serve = (route: Route) => app.all(route.path, methodCheck(route), readBody, handler(route, database));
  serve({
    path: "/api/v1/_count",
    methods: {
      GET: () => ok([count]),
      DELETE: () => {
        count = 0;
        return ok();
      },
    },
  });
  serve({ path: "/api/v1/db/clear", methods: { POST: clear(database) } });
  // From here on everything counts, whatever comes of it.
  app.use((_request, _response, next) => {
    count++;
    next();
  });
  for (const route of routes) serve(route);
  app.use((_request: Request, response: Response) => void response.status(404).json(nothing));
  app.use(onError(log));
  return app;
}

/** HEAD is GET whose body Express leaves out. */
function find({ methods }: Route, method: string): Handler | undefined {
  const name = method === "HEAD" ? "GET" : method;
  return Object.hasOwn(methods, name) ? methods[name as Method] : undefined;
}

/** Comes before the body is read: a wrong method is 405 whatever it carries. */
function methodCheck(route: Route): express.RequestHandler {
  const names = Object.keys(route.methods);
  const allow = [...names, ...(names.includes("GET") ? ["HEAD"] : [])].join(", ");
  return (request, response, next) => {
    if (find(route, request.method) === undefined) response.status(405).set("Allow", allow).json(nothing);
    else next();
  };
}

const parseBody = express.json({ limit: limits.bodyBytesMax, strict: false, type: () => true });

/** Every body is taken for JSON, however it is labelled; the methods that need none may carry anything. */
const readBody: express.RequestHandler = (request, response, next) =>
  request.method === "PUT" || request.method === "POST" ? parseBody(request, response, next) : next();

function handler(route: Route, database: Dbaas): express.RequestHandler {
  return async (request, response) => {
    const { status, body } = (await find(route, request.method)?.(callOf(request))) ?? { status: 405 };
    response.status(status).set("X-DBaaS-Position", String(database.seen));
    if (body === undefined) response.end();
    else response.json(body);
  };
}

const callOf = (request: Request): Call => ({
  params: Object.fromEntries(
    Object.entries(request.params).map(([name, value]) => [name, String(value)] as const),
  ),
  query: request.query,
  body: request.body,
  freshness: freshnessOf(request.get("x-dbaas-min-position")),
  deadline: Date.now() + limits.requestMs,
});

const freshnessOf = (minPosition: string | undefined): Freshness =>
  minPosition !== undefined && /^[0-9]{1,15}$/.test(minPosition)
    ? { atLeast: Number(minPosition) }
    : "strong";

/** Errors of the framework carry the status they stand for; a broken path or body is the client's. */
const isClientsFault = (error: unknown): boolean =>
  isTooLarge(error) ||
  (error instanceof Error && "status" in error && Number(error.status) >= 400 && Number(error.status) < 500);

const onError =
  (log: Log): ErrorRequestHandler =>
  (error, request, response, next) => {
    if (response.headersSent) return next(error);
    if (isClientsFault(error)) return void response.status(400).json(nothing);
    log("request failed", { method: request.method, path: request.path.slice(0, 200), error });
    if (!isUnavailable(error)) return void response.status(500).json(nothing);
    response.status(503).set("Retry-After", "1").json(nothing);
  };
