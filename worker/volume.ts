// A worker's volume, which it must have for itself. An engine of several hosts was seen to run two containers of one worker for minutes
// (Swarm, whose service was scaled to none and back): both wrote to one file, and neither copy was one any more.
import { join } from "node:path";
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
  for (let attempt = 1; !stop.aborted; attempt++) {
    const letGo = lockFile(join(directory, "volume.lock"));
    if (letGo !== null) return letGo;
    if (attempt === 1) log.warn("another process works on this volume, waiting until it has ended");
    await clock.sleep(againMs, stop);
  }
  return null;
}
