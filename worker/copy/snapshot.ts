// A whole copy from a live worker, for one whose own does not join the log. The donor makes an online backup and sends it in
// chunks over the receiver's temporary queue; the receiver checks length and hash before it trusts a byte of it. A copy of
// several gigabytes takes minutes, so what is limited is the time without progress.
import { createHash } from "node:crypto";
import { messageOf, TransientError } from "../../core/errors.ts";
import {
  asksForHead,
  marked,
  marks,
  type SnapshotEnd,
  type SnapshotHead,
  snapshotQueue,
} from "../../core/messages/snapshot.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { type BrokerConnection, type Delivery, RefusedMessageError } from "../../platform/rabbitmq/port.ts";
import { SnapshotReader, type SnapshotReading } from "../../platform/rabbitmq/snapshot-reader.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { Disk, WritableFile } from "../disk.ts";
import { donatedFile, placeIn, receivedFile, removeDatabase } from "./files.ts";
import type { Store } from "./store.ts";

const chunkBytes = 512 * 1024;
const roomAgainMs = 20;
/** A receiver that takes nothing for so long is gone. */
const takenWithinMs = 60_000;
/** While the backup is made, the donor says so this often, as long as it gets on. */
const aliveEveryMs = 2_000;
/** What has arrived is brought to the disk this often, for the same reason as at the donor. */
const syncEveryBytes = 8 * 1024 * 1024;

interface Donor {
  readonly rabbit: BrokerConnection;
  readonly clock: Clock;
  readonly disk: Disk;
}

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
    const donated = current === null ? Promise.resolve() : donate(donor, current, delivery);
    // A receiver that is gone, or a full disk here, is the receiver's trouble: it asks another worker.
    donated
      .catch((error) => log.warn({ reason: messageOf(error) }, "could not give a snapshot"))
      .finally(() => delivery.ack());
  });
}

type Asked = Pick<Delivery, "content" | "replyTo">;

async function donate(donor: Donor, store: Store, { content, replyTo }: Asked): Promise<void> {
  const file = donatedFile(store.directory);
  await removeDatabase(file, donor.disk);
  try {
    // Also shows whether the receiver is still there: a backup for one that has given up would keep others waiting.
    await donor.rabbit.publish(replyTo, Buffer.of(marks.alive));
    await backUp(donor, store, file, replyTo);
    if (asksForHead(content)) await sendHead(donor, file, replyTo);
    await send(donor, file, replyTo);
  } finally {
    await removeDatabase(file, donor.disk);
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
      await rabbit.publish(replyTo, Buffer.of(marks.alive));
    });
  } finally {
    await out.close();
  }
}

async function sendHead(donor: Donor, file: string, replyTo: string): Promise<void> {
  const { epoch, position } = await placeIn(file, donor.disk);
  const head: SnapshotHead = { epoch, position, bytes: (await donor.disk.size(file)) ?? 0 };
  await publishWithRoom(donor, replyTo, marked(marks.head, head));
}

async function send(donor: Donor, file: string, replyTo: string): Promise<void> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of donor.disk.read(file, chunkBytes)) {
    hash.update(chunk);
    bytes += chunk.length;
    await publishWithRoom(donor, replyTo, Buffer.concat([Buffer.of(marks.chunk), chunk]));
  }
  const end: SnapshotEnd = { bytes, sha256: hash.digest("hex") };
  await publishWithRoom(donor, replyTo, marked(marks.end, end));
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

export interface Receiving extends SnapshotReading {
  readonly disk: Disk;
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
  const { disk } = receiving;
  const file = receivedFile(directory);
  await removeDatabase(file, disk);
  const reader = await SnapshotReader.open(receiving);
  try {
    await reader.ask(donorGuid, Buffer.alloc(0));
    await receive(await disk.create(file), reader.chunks());
    return file;
  } finally {
    await reader.close();
  }
}

async function receive(out: WritableFile, chunks: AsyncIterable<Buffer>): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      await out.write(chunk);
      bytes += chunk.length;
      if (bytes % syncEveryBytes < chunk.length) await out.sync();
    }
    await out.sync();
  } finally {
    await out.close();
  }
}
