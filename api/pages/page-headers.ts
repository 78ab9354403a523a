// What every page comes with: it loads nothing from elsewhere, runs no code that stands in it, cannot be framed, and
// sends no referrer.
import type { ServerResponse } from "node:http";

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const pageHeaders: Readonly<Record<string, string>> = {
  "Content-Security-Policy": policy,
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  // Pages may be kept but are asked for again: after an update no page is made of old and new files.
  "Cache-Control": "no-cache",
};

export function setPageHeaders(res: ServerResponse): void {
  for (const [name, value] of Object.entries(pageHeaders)) res.setHeader(name, value);
}
