// PURE: numbers and times in few characters, for people.

/** 7, 940, 1,240, 12.4k, 3.1M */
export function count(value: number): string {
  if (value < 10_000) return Math.round(value).toLocaleString("en");
  if (value < 1_000_000) return `${(value / 1_000).toFixed(value < 100_000 ? 1 : 0)}k`;
  return `${(value / 1_000_000).toFixed(1)}M`;
}

/** A rate keeps one decimal while it is small: 0.4 is not nothing. */
export const rate = (perSecond: number): string =>
  perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : count(perSecond);

/** 0.42 ms, 8.1 ms, 120 ms, 1.8 s, 2 min 5 s */
export function duration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** What a countdown shows: 1:07 */
export function remaining(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** In one unit: now, 12 s, 5 min, 3 h, 2 d */
export function age(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 2) return "now";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

export const ago = (ms: number): string => (age(ms) === "now" ? "just now" : `${age(ms)} ago`);

export const clock = (atMs: number): string =>
  new Date(atMs).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export const plural = (amount: number, word: string): string =>
  `${count(amount)} ${word}${amount === 1 ? "" : "s"}`;

/** `StartWorker` -> `start worker` */
export const spaced = (word: string): string => word.replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();

/** Names of workers stay as they are. */
export const capital = (text: string): string =>
  /^[a-z]+\b(?!-)/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;

/** What the controller says without a full stop, on a page that writes sentences. */
export const sentence = (text: string): string => (text === "" ? "" : `${capital(text).replace(/\.$/, "")}.`);
