// A program whose own host's broker was away is connected to that of another host, and would be for as long as this one lives: then it
// stands or falls with two hosts. It goes back by ending its session, once the broker of its own host has the log again.
import { TransientError } from "../../core/errors.ts";
import type { Clock } from "../process/clock.ts";
import type { BrokerConnection } from "./port.ts";

const lookEveryMs = 1_000;
/** Of the time for which the broker must be there: doubled each time that a program set out and did not get there. */
const doublingsMax = 6;

/** For which way back a program is free. */
export interface WayHome {
  /** The log at that broker must have this record, or one behind it. */
  readonly offset: number;
  /** For so long without a break. */
  readonly forMs: number;
}

/** One for all sessions of a program. */
export class Homeward {
  readonly #clock: Pick<Clock, "sleep" | "monotonicMs">;
  /** How often it set out since it was at home last. A broker may have the log, and take too long to take a connection. */
  #departures = 0;

  constructor(clock: Pick<Clock, "sleep" | "monotonicMs">) {
    this.#clock = clock;
  }

  /**
   * Returns with the scope; where the connection is to the right broker, at once.
   * @param way undefined while the program has something to do that it must not break off
   * @throws TransientError when it is time to go
   */
  async leave(
    broker: Pick<BrokerConnection, "awayFrom" | "logReaches">,
    way: () => WayHome | undefined,
    scope: AbortSignal,
  ): Promise<void> {
    const { awayFrom } = broker;
    if (awayFrom === undefined) {
      this.#departures = 0;
      return;
    }
    const patience = 2 ** Math.min(this.#departures, doublingsMax);
    let sinceMs: number | undefined;
    for (;;) {
      await this.#clock.sleep(lookEveryMs, scope);
      if (scope.aborted) return;
      const asked = way();
      const isThere = asked !== undefined && (await broker.logReaches(awayFrom, asked.offset));
      const now = way();
      if (!isThere || now === undefined) {
        sinceMs = undefined;
        continue;
      }
      sinceMs ??= this.#clock.monotonicMs();
      if (this.#clock.monotonicMs() - sinceMs < now.forMs * patience) continue;
      this.#departures += 1;
      throw new TransientError("the broker of the own host is there again, going back to it");
    }
  }
}
