// Reads a copy through from time to time, for as long as it lives. Damage on the disk shows only in pages that are read, and
// a failover or a snapshot for a new slave needs those whole that no request reads.
import { messageOf, TransientError } from "../../core/errors.ts";
import type { Clock } from "../../platform/process/clock.ts";
import type { Log } from "../../platform/telemetry/log.ts";

/** After each reading the copy is left alone so many times as long as it took: a fiftieth of one core at most. */
const restFactor = 50;
const restMinMs = 10_000;

export interface Scrubbed {
  /** @throws DamagedFileError */
  check(): Promise<void>;
}

/**
 * Returns when the signal fires.
 * @throws DamagedFileError when the copy cannot be trusted any more, or what kept it from being read
 */
export async function scrub(copy: Scrubbed, time: Clock, log: Log, signal: AbortSignal): Promise<void> {
  let restMs = restMinMs;
  for (;;) {
    await time.sleep(restMs, signal);
    if (signal.aborted) return;
    const startedAtMs = time.now();
    try {
      await copy.check();
    } catch (error) {
      // Busy, or being closed. What else there is says that this machine cannot read the file, and its worker starts afresh.
      if (!(error instanceof TransientError)) throw error;
      log.debug({ reason: messageOf(error) }, "could not read the own copy through");
    }
    restMs = Math.max(restMinMs, (time.now() - startedAtMs) * restFactor);
  }
}
