// What every main.ts shares: reading the environment with clear errors, and ending in order on a signal.
import type { Log } from "../telemetry/log.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws Error naming the variable when it is missing and has no default */
export function variable(environment: Environment, name: string, fallback?: string): string {
  const value = environment[name] ?? fallback;
  if (value === undefined || value === "") throw new Error(`environment variable ${name} is not set`);
  return value;
}

export const logOptions = (environment: Environment, program: string) => ({
  program,
  format: variable(environment, "LOG_FORMAT", "text") === "json" ? ("json" as const) : ("text" as const),
  level: variable(environment, "LOG_LEVEL", "info"),
});

const stopWithinMs = 8_000;

/**
 * Runs a program until it returns or a SIGTERM or SIGINT aborts its signal, then ends the process. An error nobody caught
 * ends it with code 1: the one thing a half-broken process must not do is go on holding a role.
 */
export function runProgram(log: Log, body: (stop: AbortSignal) => Promise<void>): void {
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals) => {
    // A second one is no reason to hurry: who has sent the first one may have forgotten it.
    if (stop.signal.aborted) return;
    log.info({ signal: name }, "stopping");
    stop.abort(new Error(`stopped by ${name}`));
    setTimeout(() => process.exit(1), stopWithinMs).unref();
  };
  process.on("SIGTERM", onSignal);
  process.once("SIGINT", onSignal);
  const fail = (error: unknown) => {
    log.fatal({ err: error }, "failed");
    process.exit(1);
  };
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  body(stop.signal).then(() => process.exit(0), fail);
}
