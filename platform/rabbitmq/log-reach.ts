// Whether the log has a record at the broker that a channel leads to: it is read there, from its own replica, and only as far as that
// knows it to be confirmed. Part of platform/rabbitmq/rabbit.ts, which owns the connection.
import { queues } from "../../core/messages/queues.ts";
import { sleep, within } from "../process/waiting.ts";
import { offsetOf, type WithHeaders } from "./messages.ts";

const callWithinMs = 1_000;
/** A replica that has the record gives it in milliseconds. */
const recordWithinMs = 1_000;

interface Channel<M extends WithHeaders> {
  prefetch(messages: number): Promise<unknown>;
  consume(
    queue: string,
    onMessage: (message: M | null) => void,
    options: { readonly arguments: object },
  ): Promise<unknown>;
}

/**
 * Asks for the log from this record on. A replica that ends before it gives nothing (what comes there meanwhile stands before it), one
 * that begins behind it gives its first record. One record is asked for, and none is acknowledged, so no more comes; some versions
 * give the rest of its chunk as well.
 * @param channel of its own: what is on its way to it goes with it
 */
export async function readsUpTo<M extends WithHeaders>(
  channel: Channel<M>,
  offset: number,
): Promise<boolean> {
  const over = new AbortController();
  try {
    await within(channel.prefetch(1), callWithinMs, "set the prefetch");
    const first = new Promise<boolean>((resolve, reject) => {
      channel
        .consume(queues.sync, (message) => resolve(message !== null && offsetOf(message) >= offset), {
          arguments: { "x-stream-offset": offset },
        })
        .catch((error) => (isNotThere(error) ? resolve(false) : reject(error)));
    });
    return await Promise.race([first, sleep(recordWithinMs, over.signal).then(() => false)]);
  } finally {
    over.abort("told");
  }
}

/** The queue is not there, or has no running replica at this broker yet. */
const isNotThere = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === 404 || error.code === 406);
