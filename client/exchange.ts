// One request, asked again while that makes sense and time is left.
import { setTimeout as sleep } from "node:timers/promises";
import { DbaasError, UnreachableError } from "./errors.ts";
import { parseJson } from "./json.ts";
import { isPassing, pauseBefore, retryAfterMs } from "./retry.ts";
import type { ErrorAnswer } from "./types.ts";

export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

export interface Exchange {
  readonly method: "GET" | "POST" | "PUT";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For all attempts together. */
  readonly withinMs: number;
  /** For each of them, where a request may be asked again. */
  readonly attemptWithinMs?: number;
  /** Whether the same request twice does no more than once. */
  readonly repeatable: boolean;
}

export interface Answered {
  /** Undefined when the answer has no body; as it stands when it is no JSON. */
  readonly value: unknown;
  readonly headers: Headers;
}

/** Names a position that the copy which answers must have reached. */
export const minPositionHeader = "X-DBaaS-Min-Position";

/** @throws DbaasError when the service refuses, UnreachableError when it does not answer */
export async function exchange(send: Fetch, request: Exchange): Promise<Answered> {
  const { repeatable, attemptWithinMs = Number.POSITIVE_INFINITY } = request;
  const endMs = performance.now() + request.withinMs;
  if (request.withinMs <= 0) throw new UnreachableError("the time for this call was over before it began");
  for (let number = 1; ; number++) {
    const leftMs = endMs - performance.now();
    const outcome = await attempt(send, request, repeatable ? Math.min(leftMs, attemptWithinMs) : leftMs);
    if (!("failure" in outcome)) return outcome;
    const { failure, passing, afterMs } = outcome;
    const pauseMs = pauseBefore({
      number,
      retryAfterMs: afterMs,
      leftMs: endMs - performance.now(),
      chance: Math.random(),
    });
    if (!repeatable || !passing || pauseMs === undefined) throw failure;
    await sleep(pauseMs);
  }
}

export const yamlType = "application/yaml";

interface Failed {
  readonly failure: Error;
  readonly passing: boolean;
  readonly afterMs: number | undefined;
}

/** A timer cannot be longer, about 25 days. */
const timerMsMax = 2 ** 31 - 1;

async function attempt(send: Fetch, request: Exchange, leftMs: number): Promise<Answered | Failed> {
  const { method, url, headers, body } = request;
  const signal = AbortSignal.timeout(Math.min(timerMsMax, Math.max(1, Math.ceil(leftMs))));
  try {
    const response = await send(url, { method, headers, signal, ...(body === undefined ? {} : { body }) });
    const text = await response.text();
    if (response.ok) return { value: valueIn(response, text), headers: response.headers };
    const failure = refusalIn(text, response.status);
    return {
      failure,
      passing: isPassing(response.status) && !isOutOfReach(failure, headers),
      afterMs: retryAfterMs(response.headers.get("retry-after")),
    };
  } catch (cause) {
    const failure = new UnreachableError(`no answer from ${url.origin}`, { cause });
    return { failure, passing: true, afterMs: undefined };
  }
}

/**
 * No copy has the position that the request names, perhaps none ever will: that does not pass by asking again in the same way. What a
 * strong read waits for is in the log, and comes.
 */
const isOutOfReach = ({ code }: DbaasError, headers: Exchange["headers"]): boolean =>
  code === "not_fresh" && headers[minPositionHeader] !== undefined;

const valueIn = ({ headers }: Response, text: string): unknown => {
  if (text === "") return undefined;
  return headers.get("content-type")?.startsWith(yamlType) ? text : parseJson(text);
};

function refusalIn(text: string, status: number): DbaasError {
  try {
    const { error } = JSON.parse(text) as ErrorAnswer;
    return new DbaasError(status, error.code, error.message, error.field, error.sqlite);
  } catch {
    return new DbaasError(status, "unknown", `HTTP status ${status}`);
  }
}
