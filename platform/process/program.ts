// What every main.ts shares: reading the environment with clear errors, and ending in order on a signal.
import { readFileSync } from "node:fs";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../telemetry/log.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Each variable may be given as a file instead, `NAME_FILE`: what an environment holds, others can see, and an orchestrator of
 * containers hands out its secrets as files.
 * @throws Error naming the variable when it is missing and has no default, or is given both ways, or its file cannot be read
 */
export function variable(environment: Environment, name: string, fallback?: string): string {
  const value = optionalVariable(environment, name) ?? fallback;
  if (value === undefined || value === "") throw new Error(`environment variable ${name} is not set`);
  return value;
}

/** @throws Error naming the variable when it is given both ways, or its file cannot be read */
function optionalVariable(environment: Environment, name: string): string | undefined {
  const [value, file] = [environment[name], environment[`${name}_FILE`]];
  if (file === undefined || file === "") return value;
  if (value !== undefined && value !== "")
    throw new Error(`environment variables ${name} and ${name}_FILE are both set; one of them is enough`);
  try {
    return readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    throw new Error(`environment variable ${name}_FILE: ${messageOf(cause)}`, { cause });
  }
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
