// A message as the programs see it. Part of platform/rabbitmq/rabbit.ts, which owns the channel it came on.
import type { Delivery } from "./port.ts";

interface Message {
  readonly content: Buffer;
  readonly fields: { readonly redelivered: boolean };
  readonly properties: {
    readonly correlationId?: unknown;
    readonly replyTo?: unknown;
    readonly headers?: Readonly<Record<string, unknown>> | undefined;
  };
}

interface Channel<M extends Message> {
  ack(message: M): void;
  nack(message: M, allUpTo: false, requeue: true): void;
}

/** @param ended fires with the channel's connection */
export function deliveryOf<M extends Message>(channel: Channel<M>, message: M, ended: AbortSignal): Delivery {
  const whileOpen = (act: () => void) => () => {
    if (ended.aborted) return;
    try {
      act();
    } catch {
      // The channel closed in this very turn: the broker delivers again.
    }
  };
  const { correlationId, replyTo, headers } = message.properties;
  return {
    content: message.content,
    redelivered: message.fields.redelivered,
    correlationId: String(correlationId ?? ""),
    replyTo: String(replyTo ?? ""),
    streamOffset: Number(headers?.["x-stream-offset"] ?? -1),
    traceparent: typeof headers?.traceparent === "string" ? headers.traceparent : undefined,
    ack: whileOpen(() => channel.ack(message)),
    requeue: whileOpen(() => channel.nack(message, false, true)),
  };
}
