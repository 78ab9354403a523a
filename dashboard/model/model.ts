// PURE: everything the page knows, and how each message changes it. Views only read it.
import type { NumberedEvent, Stats } from "../../core/state/stats.ts";
import type { ClusterStatus } from "../../core/state/status.ts";
import type { FeedMessage, Link } from "../feed/messages.ts";
import { type Failover, nextFailover } from "./failover.ts";

export interface Model {
  readonly link: Link;
  readonly status: ClusterStatus | null;
  /** Oldest first, about one a second. */
  readonly stats: readonly Stats[];
  /** Oldest first. */
  readonly events: readonly NumberedEvent[];
  /** The one that is being shown, from the master's loss until the cluster is whole again. */
  readonly failover: Failover | null;
  /** What to add to the page's clock to get the server's. */
  readonly clockOffsetMs: number;
}

export const bounds = { stats: 180, events: 200 } as const;

export const emptyModel: Model = {
  link: "connecting",
  status: null,
  stats: [],
  events: [],
  failover: null,
  clockOffsetMs: 0,
};

export type Message =
  | FeedMessage
  | { readonly kind: "link"; readonly payload: Link }
  /** Time has passed, nothing else. */
  | { readonly kind: "tick" };

/** @param nowMs the page's wall clock */
export function reduce(model: Model, message: Message, nowMs: number): Model {
  switch (message.kind) {
    case "link":
      return { ...model, link: message.payload };
    case "history":
      return { ...model, stats: message.payload.slice(-bounds.stats) };
    case "stats":
      return {
        ...model,
        stats: [...model.stats, message.payload].slice(-bounds.stats),
        clockOffsetMs: message.payload.atMs - nowMs,
      };
    case "event":
      return { ...model, events: withEvent(model.events, message.payload) };
    case "status":
      return {
        ...model,
        status: message.payload,
        failover: nextFailover(model.failover, model.status, message.payload, nowMs),
      };
    case "tick":
      return { ...model, failover: nextFailover(model.failover, model.status, model.status, nowMs) };
  }
}

/** The same event comes again after a reconnect to another process: ids tell. */
function withEvent(events: readonly NumberedEvent[], event: NumberedEvent): readonly NumberedEvent[] {
  if (events.some(({ id }) => id === event.id)) return events;
  return [...events, event].slice(-bounds.events);
}

export const latest = ({ stats }: Model): Stats | null => stats.at(-1) ?? null;
