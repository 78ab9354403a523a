// Which copy is on this worker's volume, and what it holds, kept in ZooKeeper beyond the worker's session: when nothing else is known, the
// fullest copy is found by it.
import { messageOf } from "../../core/errors.ts";
import { nowhere, samePlace } from "../../core/log/place.ts";
import type { Place } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { within } from "../../platform/process/waiting.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Membership } from "./membership.ts";

const keepEveryMs = 2_000;
const lastWithinMs = 1_000;

/** A copy whose file is open: its id, and what it holds now. */
interface OpenCopy {
  readonly copyId: string;
  readonly applied: Place;
}

export class KeptPlace {
  readonly #membership: Pick<Membership, "keepPlace">;
  readonly #clock: Clock;
  readonly #log: Log;
  #kept: Place = nowhere;

  constructor(membership: Pick<Membership, "keepPlace">, clock: Clock, log: Log) {
    this.#membership = membership;
    this.#clock = clock;
    this.#log = log;
  }

  /** @throws TransientError while ZooKeeper is away */
  async put({ copyId, applied: { epoch, position } }: OpenCopy): Promise<void> {
    await this.#membership.keepPlace({ epoch, position }, copyId);
    this.#kept = { epoch, position };
  }

  /** The last word of a worker that ends in order. */
  async last(copy: OpenCopy): Promise<void> {
    if (samePlace(copy.applied, this.#kept)) return;
    await within(this.put(copy), lastWithinMs, "keep the last place", this.#clock).catch((error) =>
      this.#log.debug({ reason: messageOf(error) }, "could not keep the place"),
    );
  }

  /** Returns when the signal fires. */
  async keep(copy: OpenCopy, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(keepEveryMs, signal);
      if (signal.aborted || samePlace(copy.applied, this.#kept)) continue;
      await this.put(copy).catch((error) =>
        this.#log.debug({ reason: messageOf(error) }, "could not keep the place"),
      );
    }
  }
}
