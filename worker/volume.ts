// A worker's volume, which it must have for itself. An engine of several hosts was seen to run two containers of one worker for minutes
// (Swarm, whose service was scaled to none and back): both wrote to one file, and neither copy was one any more.
import { join } from "node:path";
import { messageOf } from "../core/errors.ts";
import type { Clock } from "../platform/process/clock.ts";
import { lockFile } from "../platform/sqlite/file-lock.ts";
import type { Log } from "../platform/telemetry/log.ts";
import { systemDisk } from "./system-disk.ts";

const againMs = 500;

interface Waiting {
  readonly clock: Pick<Clock, "sleep">;
  readonly log: Pick<Log, "warn">;
}

/**
 * Resolves once this process has the volume, which it keeps until it ends.
 * @returns what lets go of it; null after `stop`
 */
export async function holdVolume(
  directory: string,
  { clock, log }: Waiting,
  stop: AbortSignal,
): Promise<(() => void) | null> {
  await systemDisk.makeDirectory(directory);
  let told = "";
  while (!stop.aborted) {
    const found = lockOf(directory);
    if (typeof found !== "string") return found;
    if (found !== told) log.warn({ reason: found }, "does not have its volume for itself yet");
    told = found;
    await clock.sleep(againMs, stop);
  }
  return null;
}

/** @returns why there is none */
function lockOf(directory: string): (() => void) | string {
  try {
    return lockFile(join(directory, "volume.lock")) ?? "another process works on it";
  } catch (error) {
    return messageOf(error);
  }
}
