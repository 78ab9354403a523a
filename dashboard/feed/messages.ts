// What the stream says, and how the connection stands.
import type { StreamEvents } from "../../core/state/stats.ts";

export type FeedMessage = {
  [Name in keyof StreamEvents]: { readonly kind: Name; readonly payload: StreamEvents[Name] };
}[keyof StreamEvents];

/** `refused`: the service wants a token, or another one. */
export type Link = "connecting" | "live" | "lost" | "refused";

export interface FeedHandlers {
  onMessage(message: FeedMessage): void;
  onLink(link: Link): void;
}
