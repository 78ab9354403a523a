// What a route of a microservice is, apart from the web framework: a path, and for each method a handler from a request
// to a reply.
import type { Deadline, Freshness } from "./reading.ts";

export interface Call {
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  /** Strong, unless the client keeps count of positions itself and says how far it has seen. */
  readonly freshness: Freshness;
  readonly deadline: Deadline;
}

export interface Reply {
  readonly status: 200 | 201 | 204 | 400;
  readonly body?: unknown;
}

export type Handler = (call: Call) => Promise<Reply> | Reply;
export type Method = "GET" | "PUT" | "POST" | "DELETE";

export interface Route {
  readonly path: string;
  readonly methods: Readonly<Partial<Record<Method, Handler>>>;
}

export const ok = (body: unknown = {}): Reply => ({ status: 200, body });
export const created: Reply = { status: 201, body: {} };
export const noContent: Reply = { status: 204 };
export const badRequest: Reply = { status: 400, body: {} };

/** An empty list is 204: there is nothing to show. */
export const listed = (items: readonly unknown[]): Reply => (items.length === 0 ? noContent : ok(items));
