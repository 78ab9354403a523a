// A whole copy from a live worker, for one whose own does not join the log. The donor makes an online backup and sends it in
// chunks over the receiver's temporary queue; the receiver checks length and hash before it trusts a byte of it. A copy of
// several gigabytes takes minutes, so what is limited is the time without progress.
import { createHash } from "node:crypto";
import { messageOf, TransientError } from "../../core/errors.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { Wakeable } from "../../platform/process/waiting.ts";
import { type BrokerConnection, type Delivery, RefusedMessageError } from "../../platform/rabbitmq/port.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Disk, WritableFile } from "../disk.ts";
import { donatedFile, receivedFile, removeDatabase } from "./files.ts";
import type { Store } from "./store.ts";

const chunkBytes = 512 * 1024;
/** So many chunks may wait for the receiver: the broker must not have to keep a whole database. */
const chunksAheadMax = 16;
const roomAgainMs = 20;
/** A receiver that takes nothing for so long is gone. */
const takenWithinMs = 60_000;
/** While the backup is made, the donor says so this often, as long as it gets on. */
const aliveEveryMs = 2_000;
/** The receiver hears of the donor this often at least, also when the disks are slow. */
const heardWithinMs = 30_000;
/** What has arrived is brought to the disk this often, for the same reason as at the donor. */
const syncEveryBytes = 8 * 1024 * 1024;
/** The first byte of a message says what it is. */
const chunkMark = 0;
const endMark = 1;
const aliveMark = 2;

interface Donor {
  readonly rabbit: BrokerConnection;
  readonly clock: Clock;
  readonly disk: Disk;
}

interface End {
  readonly bytes: number;
  readonly sha256: string;
}

/** The queue on which a worker takes requests for a snapshot. */
const snapshotQueue = (guid: string): string => `snapshot.${guid}`;

/** Serves snapshots of the store as long as the connection lives, one at a time. */
export async function donateSnapshots(
  donor: Donor,
  guid: string,
  store: () => Store | null,
  log: Log,
): Promise<void> {
  const { rabbit } = donor;
  const queue = await rabbit.declareTemporary(snapshotQueue(guid));
  await rabbit.consume(queue, { prefetch: 1 }, (delivery) => {
    const current = store();
    const donated = current === null ? Promise.resolve() : donate(donor, current, delivery.replyTo);
    // A receiver that is gone, or a full disk here, is the receiver's trouble: it asks another worker.
    donated
      .catch((error) => log.warn({ reason: messageOf(error) }, "could not give a snapshot"))
      .finally(() => delivery.ack());
  });
}

async function donate(donor: Donor, store: Store, replyTo: string): Promise<void> {
  const file = donatedFile(store.directory);
  await donor.disk.remove(file);
  try {
    // Also shows whether the receiver is still there: a backup for one that has given up would keep others waiting.
    await donor.rabbit.publish(replyTo, Buffer.of(aliveMark));
    await backUp(donor, store, file, replyTo);
    await send(donor, file, replyTo);
  } finally {
    await donor.disk.remove(file);
  }
}

async function backUp(
  { rabbit, clock, disk }: Donor,
  store: Store,
  file: string,
  replyTo: string,
): Promise<void> {
  const out = await disk.create(file);
  let saidAtMs = clock.monotonicMs();
  try {
    await store.readers.copyTo(file, async () => {
      // On the disk step by step: what a disk has to write at once holds up the commits of the master.
      await out.sync();
      if (clock.monotonicMs() - saidAtMs < aliveEveryMs) return;
      saidAtMs = clock.monotonicMs();
      await rabbit.publish(replyTo, Buffer.of(aliveMark));
    });
  } finally {
    await out.close();
  }
}

async function send(donor: Donor, file: string, replyTo: string): Promise<void> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of donor.disk.read(file, chunkBytes)) {
    hash.update(chunk);
    bytes += chunk.length;
    await publishWithRoom(donor, replyTo, Buffer.concat([Buffer.of(chunkMark), chunk]));
  }
  const end: End = { bytes, sha256: hash.digest("hex") };
  await publishWithRoom(
    donor,
    replyTo,
    Buffer.concat([Buffer.of(endMark), Buffer.from(JSON.stringify(end))]),
  );
}

/** The receiver's queue is short: what it does not take yet is sent again a little later. */
async function publishWithRoom({ rabbit, clock }: Donor, queue: string, content: Buffer): Promise<void> {
  const untilMs = clock.monotonicMs() + takenWithinMs;
  for (;;) {
    try {
      return await rabbit.publish(queue, content);
    } catch (error) {
      if (!(error instanceof RefusedMessageError)) throw error;
      if (clock.monotonicMs() > untilMs)
        throw new TransientError("the receiver of the snapshot has stopped taking", { cause: error });
    }
    await clock.sleep(roomAgainMs, rabbit.ended);
  }
}

export interface Receiving {
  readonly rabbit: BrokerConnection;
  readonly clock: Clock;
  readonly disk: Disk;
  /** Something has come. */
  readonly onProgress: () => void;
  readonly signal: AbortSignal;
}

/**
 * Fetches a snapshot into a file of the directory.
 * @throws TransientError when the donor stops sending or what came is not what was sent
 */
export async function fetchSnapshot(
  donorGuid: string,
  directory: string,
  receiving: Receiving,
): Promise<string> {
  const { rabbit, clock, disk } = receiving;
  const file = receivedFile(directory);
  await removeDatabase(file, disk);
  const replyTo = await rabbit.declareTemporary("", chunksAheadMax);
  const arrived: Delivery[] = [];
  const wakeable = new Wakeable(clock);
  const consumer = await rabbit.consume(replyTo, { prefetch: 4 }, (delivery) => {
    arrived.push(delivery);
    wakeable.wake();
  });
  try {
    await rabbit.publish(snapshotQueue(donorGuid), Buffer.alloc(0), { replyTo });
    await receive(await disk.create(file), () => next(arrived, wakeable, receiving));
    return file;
  } finally {
    await consumer.close();
  }
}

async function next(
  arrived: Delivery[],
  wakeable: Wakeable,
  { clock, onProgress, signal }: Receiving,
): Promise<Buffer> {
  const untilMs = clock.monotonicMs() + heardWithinMs;
  while (arrived.length === 0) {
    const leftMs = untilMs - clock.monotonicMs();
    if (leftMs <= 0) throw new TransientError("the donor of the snapshot stopped sending");
    await wakeable.wait(leftMs, signal);
    signal.throwIfAborted();
  }
  onProgress();
  const delivery = arrived.shift() as Delivery;
  delivery.ack();
  return delivery.content;
}

async function receive(out: WritableFile, nextMessage: () => Promise<Buffer>): Promise<void> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for (;;) {
      const message = await nextMessage();
      const body = message.subarray(1);
      if (message[0] === aliveMark) continue;
      if (message[0] === endMark) {
        const end = JSON.parse(body.toString("utf8")) as End;
        if (end.bytes !== bytes || end.sha256 !== hash.digest("hex"))
          throw new TransientError("the snapshot that arrived is not the one that was sent");
        return await out.sync();
      }
      hash.update(body);
      await out.write(body);
      bytes += body.length;
      if (bytes % syncEveryBytes < body.length) await out.sync();
    }
  } finally {
    await out.close();
  }
}
