// Brings a copy, which no worker runs on, from where it stands to a position or a moment, by the records of the log: what comes of it is
// what every copy was then. Bounded in bytes by the reader of the log, in time by what the log does not give.
import { TransientError } from "../../core/errors.ts";
import { decodeRecord } from "../../core/log/record.ts";
import { queues } from "../../core/messages/queues.ts";
import type { LogStart, Replay, Replayed } from "../../core/rules/backups.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { bounded, Wakeable } from "../../platform/process/waiting.ts";
import type { BrokerConnection } from "../../platform/rabbitmq/port.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import { follow } from "../copy/follow.ts";
import { GapError, LogLostError, LogReader, TrimmedError } from "../copy/log-reader.ts";
import { Store } from "../copy/store.ts";
import type { Disk } from "../disk.ts";
import type { Feed } from "../ports.ts";
import { Until } from "./until.ts";

export interface ReplayPorts {
  readonly rabbit: Pick<BrokerConnection, "consume">;
  readonly clock: Clock;
  readonly disk: Disk;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const recordWithinMs = 30_000;

export async function replay(
  ports: ReplayPorts,
  { directory, target, endPosition }: Replay,
): Promise<Replayed> {
  const { clock, disk } = ports;
  const store = await Store.open(directory, { clock, disk });
  try {
    const replayed = await goOn(ports, store, new Until(target, endPosition));
    // One file, for those who read it as it lies there.
    await store.writer.all("PRAGMA wal_checkpoint(TRUNCATE)");
    return replayed;
  } finally {
    await store.close();
  }
}

async function goOn(ports: ReplayPorts, store: Store, until: Until): Promise<Replayed> {
  const { rabbit, clock, log, signal } = ports;
  if (until.holdsMore(store.applied)) return { ok: false, kind: "later" };
  if (until.needsNoLog(store.applied)) return { ok: true, position: store.applied.position };
  try {
    const reader = await LogReader.open({ rabbit, time: clock, log }, store.applied, signal);
    try {
      const feed = impatient(reader, clock);
      const isEnough = () => until.isEnough(store.applied);
      const following = { ledger: store, reader: feed, judge: until.judge, log };
      await follow(following, signal, isEnough);
    } finally {
      await reader.close();
    }
  } catch (error) {
    if (!(error instanceof GapError || error instanceof LogLostError)) throw error;
    if (error instanceof TrimmedError && until.isAt(store.applied))
      return { ok: true, position: store.applied.position };
    return { ok: false, kind: "apart", why: error.message, log: await startOfLog(ports) };
  }
  signal.throwIfAborted();
  if (until.holdsMore(store.applied)) return { ok: false, kind: "later" };
  const { lastAtMs: atMs } = until;
  return { ok: true, position: store.applied.position, ...(atMs === undefined ? {} : { atMs }) };
}

/** @throws TransientError when the log gives nothing for long, although it holds more */
const impatient = (reader: LogReader, clock: Clock): Pick<Feed, "next"> => ({
  next: (signal) =>
    bounded(clock, recordWithinMs, [signal], async (waited) => {
      const entries = await reader.next(waited);
      if (waited.aborted && !signal.aborted)
        throw new TransientError(`the log gave no record for ${recordWithinMs / 1_000} s`);
      return entries;
    }),
});

/** Null where it says nothing within the time, or cannot be read there. */
async function startOfLog({ rabbit, clock, signal }: ReplayPorts): Promise<LogStart | null> {
  const found: { start: LogStart | null } = { start: null };
  const arrived = new Wakeable(clock);
  const options = { prefetch: 10, streamOffset: "first" } as const;
  const consumer = await rabbit.consume(queues.sync, options, (delivery) => {
    found.start ??= startIn(delivery.content);
    delivery.ack();
    if (found.start !== null) arrived.wake();
  });
  try {
    await arrived.wait(startWithinMs, signal);
  } finally {
    await consumer.close();
  }
  return found.start;
}

const startWithinMs = 2_000;

function startIn(content: Buffer): LogStart | null {
  try {
    const record = decodeRecord(content);
    return record.kind === "batch" ? { position: record.position, atMs: record.atMs } : null;
  } catch {
    return null;
  }
}
