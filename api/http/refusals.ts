// What a refusal looks like over HTTP: `{"error": {"code", "message", "field"?}}` and one status code for each code.
import type { ServerResponse } from "node:http";
import type { RefusalBody, RefusalCode } from "../../core/errors.ts";

/** Refusals of HTTP's own, which no worker ever makes. */
export type HttpCode =
  | RefusalCode
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "unsupported_media_type"
  | "conflict"
  | "headers_too_large"
  | "rate_limited";

/**
 * What is refused for good is a 4xx: the same request gets the same answer. A 503 always says "send it again", a write under
 * the same key, and nothing else. 507 says so, too, once there is room. 500 is a mistake of the service's own.
 */
export const statusOf: Readonly<Record<HttpCode, number>> = {
  bad_request: 400,
  unknown_table: 400,
  unknown_column: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  constraint_violation: 409,
  key_reused: 409,
  unexpected_result: 409,
  too_large: 413,
  unsupported_media_type: 415,
  poison_request: 422,
  query_timeout: 422,
  rate_limited: 429,
  headers_too_large: 431,
  internal: 500,
  not_fresh: 503,
  unavailable: 503,
  storage_full: 507,
};

const retryAfterSeconds = "1";

export interface HttpRefusal extends Omit<RefusalBody, "code"> {
  readonly code: HttpCode;
}

export const unforeseen: HttpRefusal = {
  code: "internal",
  message: "an error that was not foreseen; the log says more",
};

export const tooManyUnread: HttpRefusal = {
  code: "unavailable",
  message: "too many answers wait for clients that do not read them",
};

export type Headers = readonly (readonly [name: string, value: string])[];

/** @returns the status */
export function refuse(res: ServerResponse, refusal: HttpRefusal, headers: Headers = []): number {
  if (res.headersSent) return res.statusCode;
  const status = statusOf[refusal.code] ?? 500;
  const { code, message, field, sqlite } = refusal;
  const body = JSON.stringify({ error: { code, message, field, sqlite } });
  for (const [name, value] of headers) res.setHeader(name, value);
  if (status === 503) res.setHeader("Retry-After", retryAfterSeconds);
  res.setHeader("Content-Type", "application/json");
  res.setHeader("Content-Length", Buffer.byteLength(body));
  res.writeHead(status);
  res.end(body);
  return status;
}

export function sendJson(res: ServerResponse, body: unknown): void {
  sendText(res, JSON.stringify(body));
}

/** @param json already JSON */
export function sendText(res: ServerResponse, json: string): void {
  res.setHeader("Content-Type", "application/json");
  res.setHeader("Content-Length", Buffer.byteLength(json));
  res.writeHead(200);
  res.end(json);
}
