// The sessions of one connection: opened, used until it ends, closed; then the next one. Nothing is restored inside a session.
// The API's connections to RabbitMQ and to ZooKeeper have sessions apart: requests go on while ZooKeeper is away.
import { setMaxListeners } from "node:events";
import { messageOf } from "../../core/errors.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { type Ended, type RetryPolicy, retry } from "../../platform/process/retry.ts";
import { aborted, unlessAborted } from "../../platform/process/waiting.ts";
import type { Log } from "../../platform/telemetry/log.ts";

export interface Connection {
  readonly ended: AbortSignal;
  close(): void | Promise<void>;
}

export interface SessionOptions<C extends Connection> {
  readonly name: string;
  readonly open: () => Promise<C>;
  /** Sets everything up, and may stay until the scope ends. What it throws ends the session. */
  readonly use: (connection: C, scope: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

const policy: RetryPolicy = { firstMs: 100, maxMs: 500, healthyAfterMs: 10_000 };
/** Why a session ended is told each time only when sessions are not all too short. */
const toldEveryMs = 10_000;
/**
 * Every znode that is watched listens to its session's end twice: as a watch, and as the wait for the next change. That is
 * more than the ten Node takes for a leak, and it does not grow during a session.
 */
const listenersMax = 64;

/** Returns once `stop` has fired and the last session is over. */
export async function runSessions<C extends Connection>(
  options: SessionOptions<C>,
  stop: AbortSignal,
): Promise<void> {
  const { name, clock, log } = options;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  const onFailure = ({ error, ranMs }: Ended) => {
    if (ranMs < policy.healthyAfterMs && clock.monotonicMs() - toldAtMs < toldEveryMs) return;
    toldAtMs = clock.monotonicMs();
    log.warn({ connection: name, reason: messageOf(error) }, "connection over or not made, trying again");
  };
  await retry({ policy, clock, attempt: () => runSession(options, stop), onFailure }, stop);
}

/** @throws why it is over */
async function runSession<C extends Connection>(
  { open, use }: SessionOptions<C>,
  stop: AbortSignal,
): Promise<never> {
  const over = new AbortController();
  let connection: C | undefined;
  try {
    connection = await open();
    const scope = AbortSignal.any([connection.ended, stop, over.signal]);
    setMaxListeners(listenersMax, scope);
    await unlessAborted(use(connection, scope), scope);
    await aborted(scope);
    throw scope.reason;
  } finally {
    over.abort("session over");
    await connection?.close();
  }
}
