// PURE: what a page must be told that joins a stream which has run for a while: as if it had been there from the beginning.
import { bounds } from "../model/model.ts";
import type { FeedMessage } from "./messages.ts";

type Of<Kind extends FeedMessage["kind"]> = Extract<FeedMessage, { readonly kind: Kind }>;

export interface Recent {
  readonly history: Of<"history"> | null;
  readonly status: Of<"status"> | null;
  /** Oldest first. */
  readonly events: readonly Of<"event">[];
}

export const nothingYet: Recent = { history: null, status: null, events: [] };

export function withMessage(recent: Recent, message: FeedMessage): Recent {
  switch (message.kind) {
    case "history":
      return { ...recent, history: message };
    case "stats": {
      const payload = [...(recent.history?.payload ?? []), message.payload].slice(-bounds.stats);
      return { ...recent, history: { kind: "history", payload } };
    }
    case "status":
      return { ...recent, status: message };
    case "event":
      return { ...recent, events: [...recent.events, message].slice(-bounds.events) };
  }
}

/** In the order in which the service itself begins a stream. */
export const messagesOf = ({ history, status, events }: Recent): readonly FeedMessage[] => [
  ...(history === null ? [] : [history]),
  ...events,
  ...(status === null ? [] : [status]),
];
