// Keeps one program running: starts it, starts it again when it falls, and ends it on request. Its neighbour is not
// touched, because either of the two can do its work without the other. Called by main.ts, once per program.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { messageOf } from "../core/errors.ts";
import { type Clock, systemClock } from "../platform/process/clock.ts";
import { type RetryPolicy, retry } from "../platform/process/retry.ts";
import type { Identity } from "./identities.ts";

export interface Program {
  readonly name: string;
  /** The main file. */
  readonly file: string;
  /** For Node.js itself. */
  readonly flags?: readonly string[];
  /** Runs as this user, in this group and in no other. As the orchestrator itself where it is not given. */
  readonly as?: Identity | undefined;
}

/** Told each time the child ended by itself. */
export type OnFall = (fall: {
  readonly child: string;
  readonly end: string;
  readonly delayMs: number;
}) => void;

interface KeepingTime {
  readonly clock: Clock;
  /** Killed when it has not left by then. */
  readonly leaveWithinMs: number;
}

/** Longer than the programs' own deadline, shorter than the container's. */
const ownTime: KeepingTime = { clock: systemClock, leaveWithinMs: 9_000 };

/** A broken child cannot eat the machine, and one that had run well is back at once. */
const policy: RetryPolicy = { firstMs: 100, maxMs: 5_000, healthyAfterMs: 10_000 };

/** Settles once `stop` was aborted and the child is gone. */
export async function keepRunning(
  program: Program,
  stop: AbortSignal,
  onFall: OnFall,
  { clock, leaveWithinMs } = ownTime,
): Promise<void> {
  const attempt = async () => {
    throw new Error(await runOnce(program, stop, leaveWithinMs));
  };
  const onFailure = ({ error, delayMs }: { readonly error: unknown; readonly delayMs: number }) =>
    onFall({ child: program.name, end: messageOf(error), delayMs });
  await retry({ policy, clock, attempt, onFailure }, stop);
}

/** Runs the child once. @returns in words how it ended */
async function runOnce(program: Program, stop: AbortSignal, leaveWithinMs: number): Promise<string> {
  // A signal would make Node.js listen to a debugger, which may do whatever the program may.
  const flags = ["--disable-sigusr1", ...(program.flags ?? [])];
  const child = spawn(process.execPath, [...flags, program.file], { stdio: "inherit", ...program.as });
  const forward = () => endChild(child, stop, leaveWithinMs);
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

function endChild(child: ChildProcess, stop: AbortSignal, leaveWithinMs: number): void {
  child.kill(isSignal(stop.reason) ? stop.reason : "SIGTERM");
  setTimeout(() => child.kill("SIGKILL"), leaveWithinMs).unref();
}

function isSignal(reason: unknown): reason is NodeJS.Signals {
  return reason === "SIGTERM" || reason === "SIGINT";
}
