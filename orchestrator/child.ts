// Keeps one program running: starts it, starts it again when it falls, and ends it on request. Its neighbour is not
// touched, because either of the two can do its work without the other. Called by main.ts, once per program.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterFall, freshBackOff } from "./back-off.ts";

export interface Program {
  readonly name: string;
  /** The compiled main file. */
  readonly file: string;
  /** For Node.js itself. */
  readonly flags?: readonly string[];
}

/** Told each time the child ended by itself. */
export type OnFall = (fall: {
  readonly child: string;
  readonly end: string;
  readonly delayMs: number;
}) => void;

/** Killed when it has not left by then. Longer than the programs' own deadline, shorter than the container's. */
const leaveWithinMs = 9_000;

/** Settles once `stop` was aborted and the child is gone. */
export async function keepRunning(program: Program, stop: AbortSignal, onFall: OnFall): Promise<void> {
  let backOff = freshBackOff;
  while (!stop.aborted) {
    const startedAtMs = performance.now();
    const end = await runOnce(program, stop);
    if (stop.aborted) return;
    const restart = afterFall(backOff, performance.now() - startedAtMs);
    backOff = restart.backOff;
    onFall({ child: program.name, end, delayMs: restart.delayMs });
    await sleep(restart.delayMs, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** One life of the child; answers in words how it ended. */
async function runOnce(program: Program, stop: AbortSignal): Promise<string> {
  const flags = program.flags ?? [];
  const child = spawn(process.execPath, [...flags, program.file], { stdio: "inherit" });
  const forward = () => endChild(child, stop);
  stop.addEventListener("abort", forward, { once: true });
  try {
    const [code, signal] = await once(child, "exit");
    return signal ? `signal ${signal}` : `exit code ${code}`;
  } catch (error) {
    return `could not start: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    stop.removeEventListener("abort", forward);
  }
}

function endChild(child: ChildProcess, stop: AbortSignal): void {
  child.kill(isSignal(stop.reason) ? stop.reason : "SIGTERM");
  setTimeout(() => child.kill("SIGKILL"), leaveWithinMs).unref();
}

function isSignal(reason: unknown): reason is NodeJS.Signals {
  return reason === "SIGTERM" || reason === "SIGINT";
}
