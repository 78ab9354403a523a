// What a page and the worker that it shares with the other pages tell each other.
import type { FeedMessage, Link } from "./messages.ts";

export type ToWorker =
  /** Also said from time to time: a page that says nothing for long is gone. */
  | { readonly kind: "listen"; readonly authorization: Readonly<Record<string, string>> }
  | { readonly kind: "hurry" }
  | { readonly kind: "leave" };

export type FromWorker =
  | { readonly kind: "link"; readonly link: Link }
  | { readonly kind: "message"; readonly message: FeedMessage };

export const saidEveryMs = 20_000;
/** Browsers let the timers of a hidden page run once a minute. */
export const goneAfterMs = 180_000;
