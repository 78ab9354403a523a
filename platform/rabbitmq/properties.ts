// PURE. What the broker is told beside a message.
import type { PublishOptions } from "./port.ts";

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
