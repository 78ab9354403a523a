// A message as the broker carries it and as the programs see it: what it is told beside one, and what it tells. Part of
// platform/rabbitmq/rabbit.ts, which owns the channels.
import type { Delivery, PublishOptions } from "./port.ts";

/** What the broker is told beside a message. */
export const propertiesOf = ({
  correlationId,
  replyTo,
  persistent,
  expirationMs,
  traceparent,
}: PublishOptions) => ({
  ...(correlationId === undefined ? {} : { correlationId }),
  ...(replyTo === undefined ? {} : { replyTo }),
  ...(expirationMs === undefined ? {} : { expiration: String(Math.max(0, Math.round(expirationMs))) }),
  ...(traceparent === undefined ? {} : { headers: { traceparent } }),
  persistent: persistent ?? false,
});

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
