// The page's way to the data: db/read and db/write, one request at a time for whoever asks, with a bound of time.
import { sqlAnswerOf, sqlErrorOf } from "../model/sql-answer.ts";
import type { SqlOutcome } from "../model/sql-outcome.ts";
import { authorization } from "./token.ts";

/** What the service gives a request is less. */
const answerWithinMs = 20_000;
const againAfterMs = 700;

/** `role` is the token's, as far as the service tells it. */
export type MayWrite = { readonly may: true } | { readonly may: false; readonly role: string | null };

export class Database {
  /** Reads see this page's own writes. */
  #minPosition: string | null = null;

  async read(body: unknown, left: AbortSignal): Promise<SqlOutcome> {
    const seen = this.#minPosition === null ? {} : { "X-DBaaS-Min-Position": this.#minPosition };
    const outcome = await send("/api/v1/db/read", body, seen, left);
    // After a return to an earlier state the place may never come.
    if (outcome.kind === "unknown" && !left.aborted) this.#minPosition = null;
    return outcome;
  }

  /** @param key the same for a request that is sent again: it is carried out once */
  async write(body: unknown, key: string, left: AbortSignal): Promise<SqlOutcome> {
    const outcome = await send("/api/v1/db/write", body, { "Idempotency-Key": key }, left);
    if (outcome.kind === "answered") this.#minPosition = outcome.answer.position ?? this.#minPosition;
    return outcome;
  }

  /** Asks for a write that changes nothing: what a token may do, only the service knows. */
  async mayWrite(left: AbortSignal): Promise<MayWrite> {
    if (Object.keys(authorization()).length === 0) return { may: true };
    const outcome = await send("/api/v1/db/write", { sql: "SELECT 1" }, {}, left);
    if (outcome.kind !== "refused") return { may: true };
    return { may: false, role: /the role (\w+)$/.exec(outcome.message)?.[1] ?? null };
  }
}

/** `crypto.randomUUID` is only there over TLS and on localhost. */
export const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );

/** Sent again, as the service asks for by 503, until there is an answer: a failover is waited out. */
async function send(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
  left: AbortSignal,
): Promise<SqlOutcome> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), answerWithinMs);
  const signal = AbortSignal.any([left, late.signal]);
  const request = {
    method: "POST",
    headers: { "Content-Type": "application/json", ...authorization(), ...headers },
    body: JSON.stringify(body),
    cache: "no-store",
    signal,
  } as const;
  try {
    for (;;) {
      const { outcome, again } = await once(path, request);
      if (left.aborted) return { kind: "unknown", message: "stopped before the answer came" };
      if (!again || late.signal.aborted) return outcome;
      await pause(signal);
    }
  } finally {
    clearTimeout(timer);
  }
}

interface Sent {
  readonly outcome: SqlOutcome;
  readonly again: boolean;
}

async function once(path: string, request: RequestInit): Promise<Sent> {
  const startedAtMs = performance.now();
  try {
    const response = await fetch(path, request);
    const text = await response.text();
    const tookMs = performance.now() - startedAtMs;
    return response.ok
      ? { outcome: { kind: "answered", answer: sqlAnswerOf(text), tookMs }, again: false }
      : { outcome: refusal(response, text), again: response.status === 503 };
  } catch {
    const message = request.signal?.aborted ? "it takes too long" : "the service cannot be reached";
    return { outcome: { kind: "unknown", message }, again: true };
  }
}

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, againAfterMs);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });

function refusal({ status, headers }: Response, text: string): SqlOutcome {
  const error = sqlErrorOf(text);
  const message = error?.message ?? `the service answered ${status}`;
  if (headers.has("WWW-Authenticate")) return { kind: "refused", message };
  if (status >= 500 || error === undefined) return { kind: "unknown", message };
  return { kind: "failed", error };
}
