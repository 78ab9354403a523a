// A write on its way to certainty: sent again under the same key until it is answered, or the run has no more time.
import { setTimeout as sleep } from "node:timers/promises";
import type { Write } from "../history.ts";
import { type Ask, isPoisoned, isSuccess, mayRetry, positionIn, troubleIn } from "./attempt.ts";

const retryPauseMs = 60;
const path = "/api/v1/db/write";

export interface Insisting {
  readonly ask: Ask;
  readonly nowMs: () => number;
  /** After this the client gives up. */
  readonly over: AbortSignal;
  readonly odd: (what: string) => void;
}

/** @returns whether the write was acknowledged; fills in the rest of the operation either way */
export async function insist(write: Write, body: unknown, how: Insisting): Promise<boolean> {
  const headers = write.key === null ? {} : { "idempotency-key": write.key };
  do {
    const made = await how.ask(path, body, headers);
    if (made.kind === "answered" && isSuccess(made.answer)) {
      write.outcome = "acked";
      write.position = positionIn(made.answer);
      break;
    }
    const trouble = troubleIn(made);
    write.troubles.push({ atMs: how.nowMs(), what: trouble });
    if (made.kind === "hung") how.odd(`no answer at all to a write (${write.key ?? "no key"})`);
    if (made.kind === "answered" && !mayRetry(made.answer)) {
      write.outcome = "refused";
      if (!isPoisoned(made.answer)) how.odd(`a write was answered ${trouble}`);
      break;
    }
    // Without a key a second try may be a second write.
    if (write.key === null) break;
    await sleep(retryPauseMs);
  } while (!how.over.aborted);
  write.doneAtMs = how.nowMs();
  return write.outcome === "acked";
}
