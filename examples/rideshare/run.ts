// What both main.ts share: reading the environment with clear errors, the database, and serving until a signal says stop.
import { createServer, type RequestListener } from "node:http";
import { Dbaas } from "../../client/client.ts";
import { limits } from "./limits.ts";
import type { Log } from "./log.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws Error naming the variable when it is missing or no address */
export function address(environment: Environment, name: string): URL {
  const text = environment[name];
  if (text === undefined || !URL.canParse(text))
    throw new Error(`environment variable ${name} must be an address such as http://host:80`);
  return new URL(text);
}

/** The database, at DBAAS_URL; DBAAS_TOKEN is a writer's, where the service asks for one. */
export const connect = (environment: Environment): Dbaas =>
  new Dbaas({
    url: address(environment, "DBAAS_URL"),
    token: environment.DBAAS_TOKEN || undefined,
    attemptWithinMs: limits.attemptMs,
  });

/** Requests that run when the signal comes are answered; new ones are refused. */
export function serve(listener: RequestListener, port: number, log: Log): void {
  const server = createServer({ maxHeaderSize: limits.headerBytesMax }, listener);
  server.maxConnections = limits.incomingConnectionsMax;
  const stop = (signal: NodeJS.Signals) => {
    log("stopping", { signal });
    server.close(() => process.exit(0));
    setTimeout(() => process.exit(1), limits.stopMs).unref();
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  server.listen(port, () => log("listening", { port }));
}
