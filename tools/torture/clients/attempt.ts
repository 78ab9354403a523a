// One HTTP request as a client sees it: answered, or lost with its reason. The API promises an answer within its own time
// limit, so one that takes longer than this is a hang, which is a fault of the service and not of the connection.
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer } from "../../cluster/http.ts";
import { call } from "../../cluster/http.ts";
import { ports } from "../../cluster/settings.ts";

/**
 * The manifest's 10 s, and what a loaded machine may add. A pipeline may begin its last statement when its 30 s are over, and that one
 * asks up to three times, each for 10 s.
 */
const hangsAfterMs = { request: 14_000, pipeline: 64_000 } as const;

/** How long the API is asked whether it runs at all, and how long what it had to answer before may be on its way after that. */
const lookMs = 10_000;
const onItsWayMs = 1_000;

export type Attempt =
  | { readonly kind: "answered"; readonly answer: Answer }
  | { readonly kind: "lost"; readonly reason: string }
  | { readonly kind: "hung" };

/** How a client sends a request: to the one API there is, or to one of several. */
export type Ask = (
  path: string,
  body: unknown,
  headers?: Readonly<Record<string, string>>,
) => Promise<Attempt>;

/** At the only API of one machine. */
export const attempt: Ask = (path, body, headers) => attemptAt(ports.api, path, body, headers);

export async function attemptAt(
  port: number,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Attempt> {
  const limitMs = path.endsWith("/pipeline") ? hangsAfterMs.pipeline : hangsAfterMs.request;
  const timeoutMs = limitMs + lookMs + 2 * onItsWayMs;
  const made = attempted(call("POST", path, { port, body, headers, timeoutMs }));
  const timer = new AbortController();
  const overtime = sleep(limitMs, null, { signal: timer.signal }).catch(() => null);
  const first = await Promise.race([made, overtime]);
  timer.abort();
  return first ?? Promise.race([made, hangsIfOthersAreAnswered(port)]);
}

/** On a machine that stood still a timer may end before what has come is read: an answer to another request tells that it runs again. */
async function hangsIfOthersAreAnswered(port: number): Promise<Attempt> {
  await call("GET", "/healthz", { port, timeoutMs: lookMs }).catch(() => undefined);
  await sleep(onItsWayMs);
  return { kind: "hung" };
}

async function attempted(asked: Promise<Answer>): Promise<Attempt> {
  try {
    return { kind: "answered", answer: await asked };
  } catch (error) {
    const { name, message, code } = error as { name?: string; message?: string; code?: string };
    if (name === "TimeoutError" || code === "ABORT_ERR") return { kind: "hung" };
    return { kind: "lost", reason: code ?? message ?? String(error) };
  }
}

/** Of a request that did not get what it asked for. */
export function troubleIn(made: Attempt): string {
  if (made.kind === "answered") return `${made.answer.status} ${made.answer.text.slice(0, 160)}`;
  return made.kind === "lost" ? made.reason : "hung";
}

export const positionIn = ({ headers }: Answer): number => Number(headers["x-dbaas-position"] ?? 0);
export const workerIn = ({ headers }: Answer): string => String(headers["x-dbaas-worker"] ?? "");
export const isSuccess = ({ status }: Answer): boolean => status >= 200 && status < 300;

/** Answers after which the same request may be sent again: the service says that it could not, not that it would not. */
export const mayRetry = ({ status }: Answer): boolean => status === 503 || status === 507;

/**
 * The definite answer to a request that two workers were at when they died. Of several in one commit it is unknown which was
 * to blame: a master that is killed twice in a row within moments costs a few of them this. None of them may be found later.
 */
export const isPoisoned = ({ status, text }: Answer): boolean =>
  status === 422 && text.includes("poison_request");
