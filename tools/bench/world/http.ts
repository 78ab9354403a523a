// Single requests of the bench itself, outside of what is measured.
import { setTimeout as pause } from "node:timers/promises";
import type { HttpTarget } from "../load/http-client.ts";

const withinMs = 60_000;

export async function post(target: HttpTarget, path: string, body: string): Promise<unknown> {
  const answer = await fetch(`http://${target.host}:${target.port}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body,
    signal: AbortSignal.timeout(withinMs),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

export async function get(target: HttpTarget, path: string): Promise<unknown> {
  const answer = await fetch(`http://${target.host}:${target.port}${path}`, {
    signal: AbortSignal.timeout(withinMs),
  });
  if (!answer.ok) throw new Error(`GET ${path}: ${answer.status}`);
  return answer.json();
}

/** Looks again and again. @throws after the time, with what the last look said */
export async function until<T>(
  what: string,
  limitMs: number,
  everyMs: number,
  look: () => Promise<T | null>,
): Promise<T> {
  const endMs = performance.now() + limitMs;
  let last: unknown;
  while (performance.now() < endMs) {
    try {
      const seen = await look();
      if (seen !== null) return seen;
    } catch (error) {
      last = error;
    }
    await pause(everyMs);
  }
  throw new Error(`${what}: not within ${limitMs} ms`, { cause: last });
}
