// The database as a client uses it, with the few statements the tests are made of.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, type Call, call } from "../../tools/cluster/http.ts";

export type Headers = NonNullable<Call["headers"]>;
export type Row = Readonly<Record<string, unknown>>;

export const write = (body: unknown, headers: Headers = {}, timeoutMs?: number): Promise<Answer> =>
  call("POST", "/api/v1/db/write", { body, headers, timeoutMs });

export const read = (body: unknown, headers: Headers = {}, timeoutMs?: number): Promise<Answer> =>
  call("POST", "/api/v1/db/read", { body, headers, timeoutMs });

export const isSuccess = ({ status }: Answer): boolean => status >= 200 && status < 300;

const sentAgainWithinMs = 60_000;
const pauseMs = 100;
/** Longer than the manifest lets a request wait. */
const answeredWithinMs = 90_000;

/** What is answered 503 is sent again, as the contract asks: a machine may be slow, and there may be no master for a while. */
export async function sentAgain(send: () => Promise<Answer>): Promise<Answer> {
  const endMs = performance.now() + sentAgainWithinMs;
  for (;;) {
    const answer = await send();
    if (answer.status !== 503 || performance.now() > endMs) return answer;
    await sleep(pauseMs);
  }
}

/** The same for each time that a write is sent. */
const newKey = (): Headers => ({ "idempotency-key": randomUUID() });

/** A write that must succeed. A key among the headers takes the place of its own. */
export async function written(body: unknown, headers: Headers = {}): Promise<Answer> {
  const keyed = { ...newKey(), ...headers };
  const answer = await sentAgain(() => write(body, keyed, answeredWithinMs));
  assert.ok(isSuccess(answer), `${toldOf(body)}: ${answer.status} ${answer.text}`);
  return answer;
}

const toldOf = (body: unknown): string => JSON.stringify(body).slice(0, 300);

/** A read that must succeed. */
export async function answered(body: unknown, headers: Headers = {}): Promise<Answer> {
  const answer = await sentAgain(() => read(body, headers, answeredWithinMs));
  assert.equal(answer.status, 200, `${toldOf(body)}: ${answer.text}`);
  return answer;
}

export const rows = async (body: unknown, headers: Headers = {}): Promise<readonly Row[]> =>
  (await answered(body, headers)).body as readonly Row[];

/** The same from a copy that holds every write answered before. */
export const rowsNow = (body: Row): Promise<readonly Row[]> => rows({ ...body, consistency: "strong" });

export const positionOf = (answer: Answer): number => Number(answer.headers["x-dbaas-position"]);

export const workerOf = (answer: Answer): string => String(answer.headers["x-dbaas-worker"]);

export const user = (username: string): Row => ({
  username,
  password: "3d725109c7e7c0bfb9d709836735b56d943d263f",
});

export const insertUsers = (...usernames: string[]): Promise<Answer> =>
  written({ op: "insert", table: "users", rows: usernames.map(user) });

/** Reads from a copy that holds what was written. Where there is one slave, all reads that follow find it. */
export const caughtUpWith = (answer: Answer): Promise<unknown> =>
  rows({ table: "users", count: true }, { "X-DBaaS-Min-Position": String(positionOf(answer)) });

export async function clear(): Promise<void> {
  const options = { headers: newKey(), timeoutMs: answeredWithinMs };
  const answer = await sentAgain(() => call("POST", "/api/v1/db/clear", options));
  assert.ok(isSuccess(answer), `db/clear: ${answer.status} ${answer.text}`);
}

const doneWithinMs = 60_000;
/** What the API says of a command that it has taken back: no controller carries it out any more. */
const nothingDone = "the controller did not answer in time; nothing was done";

/** Asks again only where nobody was killed: a controller that was busy, or whose session was over. */
export async function askForEnd(whom: "master" | "slave"): Promise<Answer> {
  const ask = () => call("POST", `/api/v1/crash/${whom}`);
  const deadlineMs = performance.now() + doneWithinMs;
  let answer = await ask();
  while (isWithdrawn(answer) && performance.now() < deadlineMs) answer = await ask();
  return answer;
}

/** @returns the pid that was killed */
export async function crash(whom: "master" | "slave"): Promise<number> {
  const answer = await askForEnd(whom);
  assert.equal(answer.status, 200, `crash/${whom}: ${answer.text}`);
  assert.ok(Array.isArray(answer.body) && answer.body.length === 1, answer.text);
  return Number(answer.body[0]);
}

function isWithdrawn({ status, body }: Answer): boolean {
  const { error } = (body ?? {}) as { readonly error?: { readonly message?: string } };
  return status === 503 && error?.message === nothingDone;
}

export async function workerList(): Promise<readonly number[]> {
  const answer = await call("GET", "/api/v1/worker/list");
  assert.equal(answer.status, 200, answer.text);
  return answer.body as readonly number[];
}
