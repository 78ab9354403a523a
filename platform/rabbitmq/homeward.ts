// A program whose own host's broker was away is connected to that of another host, and would be for as long as this one lives: then it
// stands or falls with two hosts. It goes back by ending its session, once the broker of its own host has the log again.
import { TransientError } from "../../core/errors.ts";
import type { Clock } from "../process/clock.ts";
import type { BrokerConnection } from "./port.ts";

const lookEveryMs = 1_000;

/** For which way back a program is free. */
export interface WayHome {
  /** The log at that broker must have this record, or one behind it. */
  readonly offset: number;
  /** For so long without a break. */
  readonly forMs: number;
}

/**
 * Returns with the scope; where the connection is to the right broker, at once.
 * @param way undefined while the program has something to do that it must not break off
 * @throws TransientError when it is time to go
 */
export async function leaveForHome(
  broker: Pick<BrokerConnection, "awayFrom" | "logReaches">,
  way: () => WayHome | undefined,
  clock: Pick<Clock, "sleep" | "monotonicMs">,
  scope: AbortSignal,
): Promise<void> {
  const { awayFrom } = broker;
  if (awayFrom === undefined) return;
  let sinceMs: number | undefined;
  for (;;) {
    await clock.sleep(lookEveryMs, scope);
    if (scope.aborted) return;
    const asked = way();
    const isThere = asked !== undefined && (await broker.logReaches(awayFrom, asked.offset));
    const now = way();
    if (!isThere || now === undefined) {
      sinceMs = undefined;
      continue;
    }
    sinceMs ??= clock.monotonicMs();
    if (clock.monotonicMs() - sinceMs >= now.forMs)
      throw new TransientError("the broker of the own host is there again, going back to it");
  }
}
