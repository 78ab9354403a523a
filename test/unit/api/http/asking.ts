// A client that asks as `fetch` does, and what it sends in most tests.
import assert from "node:assert/strict";
import type { TestServer } from "../test-server.ts";

export function asking(server: Pick<TestServer, "port">) {
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${server.port}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  const post = (path: string, body?: unknown, headers?: Record<string, string>) =>
    call("POST", path, body, headers);
  return { call, post };
}

export async function refusalOf(response: Response) {
  const { error } = (await response.json()) as { error: { code: string; message: string; field?: string } };
  assert.equal(typeof error.message, "string");
  return [response.status, error.code, error.field];
}

export const aRead = { table: "users", where: { username: "asha" } };
export const aWrite = { op: "insert", table: "users", row: { username: "asha" } };
