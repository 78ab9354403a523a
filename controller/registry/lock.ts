// Only one controller acts at a time: the one whose ephemeral znode stands. Any other waits and says so.
import { fromJson, toJson } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { Wakeable } from "../../platform/process/waiting.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";

/** A process that may act. */
export interface Place {
  readonly host: string;
  readonly pid: number;
  /** Whether a process of this host still runs. */
  readonly isAlive: (pid: number) => boolean;
}

export interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly sinceMs: number;
}

export interface LockOptions {
  readonly path: string;
  readonly place: Place;
  readonly clock: Clock;
  readonly log: Log;
}

const lookAgainMs = 2_000;

/** Returns once the lock is ours, which it stays as long as the session lasts. @throws the signal's reason */
export async function acquireLock(
  session: Pick<ZnodeSession, "create" | "get" | "remove" | "sync" | "watch">,
  { path, place, clock, log }: LockOptions,
  signal: AbortSignal,
): Promise<void> {
  const me: Holder = { host: place.host, pid: place.pid, sinceMs: clock.wallMs() };
  const changed = new Wakeable(clock);
  session.watch("node", path, () => changed.wake(), signal);
  let told = "";
  while ((await session.create(path, toJson(me), { ephemeral: true })) === null) {
    signal.throwIfAborted();
    const [, content] = await Promise.all([session.sync(), session.get(path)]);
    const holder = content === null ? null : fromJson<Holder>(content.data);
    // An earlier process of this very place is certainly over when its pid is free, or is ours now.
    if (content !== null && holder?.host === me.host && (holder.pid === me.pid || !place.isAlive(holder.pid)))
      await session.remove(path, content.stat.version);
    else {
      const who = holder === null ? "unknown" : `${holder.host} (pid ${holder.pid})`;
      if (who !== told) log.info(`another controller acts: ${who}; waiting until it is gone`);
      told = who;
      await changed.wait(lookAgainMs, signal);
    }
  }
  signal.throwIfAborted();
}

export function processRuns(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
