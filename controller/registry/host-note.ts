// Each host tells the others what it sees of itself: an ephemeral znode, kept by its controller for as long as that reaches
// ZooKeeper, also while it stands by.
import { messageOf, TransientError } from "../../core/errors.ts";
import { type Paths, toJson } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { type RetryPolicy, retry } from "../../platform/process/retry.ts";
import { Wakeable } from "../../platform/process/waiting.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";
import type { LocalHost } from "../ports.ts";

interface Tools {
  readonly clock: Clock;
  readonly log: Log;
}

const lookEveryMs = 1_000;
/** Events come in bursts. */
const settleMs = 20;
const policy: RetryPolicy = { firstMs: 200, maxMs: 5_000, healthyAfterMs: 10_000 };

/** Returns when the signal has fired; never throws: what cannot be told now is told a moment later. */
export async function keepHostNote(
  session: Pick<ZnodeSession, "create" | "set" | "remove">,
  paths: Pick<Paths, "host">,
  host: LocalHost,
  { clock, log }: Tools,
  signal: AbortSignal,
): Promise<void> {
  const path = paths.host(host.name);
  const changed = new Wakeable(clock);
  const watching = wakeOnEvents(host, () => changed.wake(), { clock, log }, signal);
  let told: string | null = null;
  let problem = "";
  while (!signal.aborted) {
    try {
      const note = toJson(await host.look());
      if (note !== told) told = (await tell(session, path, note, told !== null)) ? note : null;
      problem = "";
    } catch (error) {
      if (!signal.aborted && messageOf(error) !== problem)
        log.warn({ reason: messageOf(error) }, "cannot tell the other hosts what this one has");
      problem = messageOf(error);
    }
    await changed.wait(lookEveryMs, signal);
    await clock.sleep(settleMs, signal);
  }
  await watching;
}

async function wakeOnEvents(
  host: LocalHost,
  wake: () => void,
  { clock, log }: Tools,
  signal: AbortSignal,
): Promise<void> {
  const attempt = async () => {
    await host.watch(wake, signal);
    throw new TransientError("the stream ended");
  };
  const onFailure = ({ error }: { readonly error: unknown }) =>
    log.debug({ reason: messageOf(error) }, "lost the events of this host's engine");
  await retry({ policy, clock, attempt, onFailure }, signal);
}

/** What an earlier controller of this host has left goes with its session, which must not take ours away. */
async function tell(
  session: Pick<ZnodeSession, "create" | "set" | "remove">,
  path: string,
  note: string,
  isOurs: boolean,
): Promise<boolean> {
  if (isOurs) return session.set(path, note);
  await session.remove(path);
  return (await session.create(path, note, { ephemeral: true })) !== null;
}
