// A connection's life: opened, used until it ends, closed; then a new one after a short pause. Nothing is restored
// inside a life. The API lets RabbitMQ and ZooKeeper live apart: requests go on while ZooKeeper is away.
import { setMaxListeners } from "node:events";
import { messageOf } from "../../core/errors.ts";
import { aborted, sleep, unlessAborted } from "../../platform/process/waiting.ts";
import type { Log } from "../../platform/telemetry/log.ts";

export interface Connection {
  readonly ended: AbortSignal;
  close(): void | Promise<void>;
}

export interface LifeOptions<C extends Connection> {
  readonly name: string;
  readonly open: () => Promise<C>;
  /** Sets everything up, and may stay until the scope ends. What it throws ends the life. */
  readonly use: (connection: C, scope: AbortSignal) => Promise<void>;
  readonly stop: AbortSignal;
  readonly log: Log;
}

const firstPauseMs = 100;
const longestPauseMs = 500;
/** Why a life ended is told each time only when lives are not all too short. */
const toldEveryMs = 10_000;
/**
 * Every znode that is followed listens to its life's end twice: as a watch, and as the wait for the next change. That is
 * more than the ten Node takes for a leak, and it does not grow during a life.
 */
const listenersMax = 64;

/** Returns once `stop` has fired and the last life is over. */
export async function liveAgainAndAgain<C extends Connection>(options: LifeOptions<C>): Promise<void> {
  const { name, stop, log } = options;
  let pauseMs = firstPauseMs;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  while (!stop.aborted) {
    const startedAtMs = performance.now();
    const reason = await liveOnce(options);
    if (stop.aborted) return;
    const livedLong = performance.now() - startedAtMs > toldEveryMs;
    if (livedLong || performance.now() - toldAtMs > toldEveryMs) {
      log.warn({ connection: name, reason: messageOf(reason) }, "connection lost or not made, trying again");
      toldAtMs = performance.now();
    }
    pauseMs = livedLong ? firstPauseMs : Math.min(longestPauseMs, pauseMs * 2);
    await sleep(pauseMs, stop);
  }
}

/** @returns why it is over */
async function liveOnce<C extends Connection>({ open, use, stop }: LifeOptions<C>): Promise<unknown> {
  const life = new AbortController();
  let connection: C | undefined;
  try {
    connection = await open();
    const scope = AbortSignal.any([connection.ended, stop, life.signal]);
    setMaxListeners(listenersMax, scope);
    await unlessAborted(use(connection, scope), scope);
    await aborted(scope);
    return scope.reason;
  } catch (error) {
    return error;
  } finally {
    life.abort();
    await connection?.close();
  }
}
