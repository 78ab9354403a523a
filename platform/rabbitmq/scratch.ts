// Channels for one question each. The broker answers what it does not like by closing the channel, so whatever may be
// refused gets one that nothing else depends on. Part of platform/rabbitmq/rabbit.ts, which owns the connection.
import { messageOf, TerminalError } from "../../core/errors.ts";
import { within } from "../process/waiting.ts";

const callWithinMs = 10_000;
const resourceLocked = 405;

interface Channel {
  on(event: "error", listener: () => void): void;
  close(): Promise<void>;
  checkQueue(queue: string): Promise<unknown>;
}

export class Scratch<C extends Channel> {
  readonly #open: () => Promise<C>;

  constructor(open: () => Promise<C>) {
    this.#open = open;
  }

  async use<T>(use: (channel: C) => Promise<T>): Promise<T> {
    const channel = await within(this.#open(), callWithinMs, "open a channel");
    let broken = false;
    channel.on("error", () => {
      broken = true;
    });
    try {
      return await use(channel);
    } finally {
      if (!broken) await channel.close().catch(() => undefined);
    }
  }

  /**
   * Also of a queue that another connection has for itself.
   * @throws when the broker has the queue, but cannot look at it at the moment: its leader may be about to change
   */
  exists(queue: string): Promise<boolean> {
    return this.use(async (channel) => {
      try {
        await within(channel.checkQueue(queue), callWithinMs, `look for ${queue}`);
        return true;
      } catch (error) {
        if (isUnknownQueue(error)) return false;
        if (hasCode(error, resourceLocked)) return true;
        throw error;
      }
    });
  }

  /** @throws TerminalError when the queue exists with other arguments: only an operator can settle that */
  async declare(queue: string, declare: (channel: C) => Promise<unknown>): Promise<void> {
    await this.use(async (channel) => {
      try {
        await within(declare(channel), callWithinMs, `declare ${queue}`);
      } catch (cause) {
        if (hasCode(cause, 406))
          throw new TerminalError(
            `queue ${queue} exists with other properties than this version uses; delete it once it is empty ` +
              `(rabbitmqctl delete_queue ${queue}): ${messageOf(cause)}`,
          );
        throw cause;
      }
    });
  }
}

/**
 * The broker gives this code also for a queue that it has and cannot reach: one whose leader is stopping, on a node that is away, or in
 * an election. Only the words tell them apart (`rabbit_amqqueue`: `not_found` and `absent`), the same from 3.10 to 4.
 */
const isUnknownQueue = (error: unknown): boolean =>
  hasCode(error, 404) && messageOf(error).includes("NOT_FOUND - no queue ");

const hasCode = (error: unknown, code: number): boolean =>
  error instanceof Error && "code" in error && error.code === code;
