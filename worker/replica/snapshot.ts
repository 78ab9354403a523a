// A whole copy from a live worker, for one whose own does not join the log. The donor makes an online backup and sends it in
// chunks over the receiver's temporary queue; the receiver checks length and hash before it trusts a byte of it.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { TransientError } from "../../protocol/errors.ts";
import type { Delivery, Rabbit } from "../../protocol/rabbit.ts";
import type { Store } from "./store.ts";

const chunkBytes = 512 * 1024;
const chunkWithinMs = 15_000;
/** The first byte of a message says what it is. */
const chunkMark = 0;
const endMark = 1;

interface End {
  readonly bytes: number;
  readonly sha256: string;
}

/** The queue on which a worker takes requests for a snapshot. */
export const snapshotQueue = (guid: string): string => `snapshot.${guid}`;

/** Serves snapshots of the store as long as the connection lives, one at a time. */
export async function donateSnapshots(
  rabbit: Rabbit,
  guid: string,
  store: () => Store | null,
): Promise<void> {
  const queue = await rabbit.declareTemporary(snapshotQueue(guid));
  await rabbit.consume(queue, { prefetch: 1 }, (delivery) => {
    const current = store();
    const donated = current === null ? Promise.resolve() : donate(rabbit, current, delivery.replyTo);
    // A receiver that is gone, or a full disk here, is the receiver's trouble: it asks another worker.
    donated.catch(() => undefined).finally(() => delivery.ack());
  });
}

async function donate(rabbit: Rabbit, store: Store, replyTo: string): Promise<void> {
  const file = join(store.directory, "donated.db");
  await rm(file, { force: true });
  try {
    await store.readers.copyTo(file);
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of createReadStream(file, {
      highWaterMark: chunkBytes,
    }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
      await rabbit.publish(replyTo, Buffer.concat([Buffer.of(chunkMark), chunk]));
    }
    const end: End = { bytes, sha256: hash.digest("hex") };
    await rabbit.publish(replyTo, Buffer.concat([Buffer.of(endMark), Buffer.from(JSON.stringify(end))]));
  } finally {
    await rm(file, { force: true });
  }
}

/**
 * Fetches a snapshot into a file of the directory.
 * @throws TransientError when the donor stops sending or what came is not what was sent
 */
export async function fetchSnapshot(rabbit: Rabbit, donorGuid: string, directory: string): Promise<string> {
  const file = join(directory, "received.db");
  for (const ending of ["", "-wal", "-shm"]) await rm(`${file}${ending}`, { force: true });
  const replyTo = await rabbit.declareTemporary();
  const arrived: Delivery[] = [];
  let wake: () => void = () => undefined;
  const consumer = await rabbit.consume(replyTo, { prefetch: 4 }, (delivery) => {
    arrived.push(delivery);
    wake();
  });
  try {
    await rabbit.publish(snapshotQueue(donorGuid), Buffer.alloc(0), { replyTo });
    await receive(file, async () => {
      const deadline = AbortSignal.any([AbortSignal.timeout(chunkWithinMs), rabbit.ended]);
      while (arrived.length === 0 && !deadline.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve;
          deadline.addEventListener("abort", () => resolve(), { once: true });
        });
      const delivery = arrived.shift();
      if (delivery === undefined) throw new TransientError("the donor of the snapshot stopped sending");
      delivery.ack();
      return delivery.content;
    });
    return file;
  } finally {
    await consumer.close();
  }
}

async function receive(file: string, next: () => Promise<Buffer>): Promise<void> {
  const hash = createHash("sha256");
  const out = await open(file, "w");
  let bytes = 0;
  try {
    for (;;) {
      const message = await next();
      const body = message.subarray(1);
      if (message[0] === endMark) {
        const end = JSON.parse(body.toString("utf8")) as End;
        if (end.bytes !== bytes || end.sha256 !== hash.digest("hex"))
          throw new TransientError("the snapshot that arrived is not the one that was sent");
        return await out.sync();
      }
      hash.update(body);
      bytes += body.length;
      await out.writeFile(body);
    }
  } finally {
    await out.close();
  }
}
