// A ZooKeeper that was emptied, or put back to an older state, sends every client away that has seen a later one, and never says
// that its session is over: the client tries for ever. A new session shows that the server is there.

import type { Clock } from "../../platform/process/clock.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";

const lookEveryMs = 2_000;
/** The server has just come back: the old session gets so long to be found again. */
const comesBackWithinMs = 2_000;

type Session = Pick<ZnodeSession, "silent" | "ended" | "close">;

/** Ends a session that hears nothing while another one can be opened. Returns when the session is over. */
export async function endWhenLeftBehind(
  session: Session,
  openAnother: () => Promise<Pick<ZnodeSession, "close">>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Promise<void> {
  const { ended } = session;
  while (!ended.aborted) {
    await clock.sleep(lookEveryMs, ended);
    if (ended.aborted || !session.silent.aborted) continue;
    const another = await openAnother().catch(() => null);
    if (another === null) continue;
    another.close();
    await clock.sleep(comesBackWithinMs, ended);
    if (ended.aborted || !session.silent.aborted) continue;
    log.warn(
      "ZooKeeper is there but does not know this session: it was emptied or put back; opening a new one",
    );
    session.close();
  }
}
