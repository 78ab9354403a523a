// The bytes of a body -> a JSON value, without losing a digit, a key or half a character.

import { isUtf8 } from "node:buffer";
import { messageOf, Refusal } from "../../core/errors.ts";

/** Cheap to test, and true of every text that holds a number which a double might change. */
const maybeInexact = /\d{16}|\d[eE][+-]?\d{3}/;
const numberForm = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Some editors and systems put it before a text; JSON readers may ignore it, and so does the manifest's. */
const byteOrderMark = "\ufeff";

/** @throws Refusal naming `(body)` when it is not JSON, the key that one of its objects has twice, or a text that is none */
export function jsonFrom(body: Buffer): unknown {
  if (!isUtf8(body)) throw new Refusal("bad_request", "is not valid UTF-8", "(body)");
  const raw = body.toString("utf8");
  const text = raw.startsWith(byteOrderMark) ? raw.slice(byteOrderMark.length) : raw;
  const value = parsed(text);
  const duplicate = duplicateKeyIn(text, value);
  if (duplicate !== undefined) throw new Refusal("bad_request", "is there twice in one object", duplicate);
  const half = loneSurrogateIn(text, value);
  if (half !== undefined) throw new Refusal("bad_request", "has half a character, a lone surrogate", half);
  return maybeInexact.test(text) ? parsed(withExactNumbers(text)) : value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Refusal("bad_request", `is not JSON: ${messageOf(error)}`, "(body)");
  }
}

/**
 * Puts quotes around numbers that a double cannot hold: 20 digits stay 20 digits. The database turns such a text into
 * a number where the column asks for one.
 * @param json valid JSON
 */
function withExactNumbers(json: string): string {
  let exact = "";
  let at = 0;
  while (at < json.length) {
    const quote = json.indexOf('"', at);
    const outsideEnd = quote < 0 ? json.length : quote;
    exact += json
      .slice(at, outsideEnd)
      .replace(numberForm, (digits) => (isExact(digits) ? digits : `"${digits}"`));
    at = quote < 0 ? outsideEnd : stringEnd(json, quote);
    exact += json.slice(outsideEnd, at);
  }
  return exact;
}

/** Fractions are approximate by their nature; whole numbers are meant digit by digit. */
function isExact(digits: string): boolean {
  const value = Number(digits);
  if (!Number.isFinite(value)) return false;
  return !/^-?\d+$/.test(digits) || Number.isSafeInteger(value);
}

/**
 * A key that one object names twice: JSON.parse keeps the last of them without a word, while another reader of the same body may
 * have meant the first.
 * @param json valid JSON
 * @param value what JSON.parse made of it
 * @returns the path of the first key that stands twice in its object, as in `rows[1].age`
 */
export function duplicateKeyIn(json: string, value: unknown): string | undefined {
  // Each key has one colon. The numbers differ only when an object lost a key on its way: nearly never.
  return colonsIn(json) === keysIn(value) ? undefined : firstDuplicate(json);
}

const colon = 0x3a;

function colonsIn(json: string): number {
  let colons = 0;
  for (let at = 0; at < json.length; ) {
    const quote = json.indexOf('"', at);
    const end = quote < 0 ? json.length : quote;
    for (; at < end; at++) if (json.charCodeAt(at) === colon) colons += 1;
    if (quote >= 0) at = stringEnd(json, quote);
  }
  return colons;
}

/** Without recursion: a body may be nested as deeply as it is long. */
function keysIn(value: unknown): number {
  let keys = 0;
  const open: object[] = [];
  if (typeof value === "object" && value !== null) open.push(value);
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    const values: readonly unknown[] = Array.isArray(one) ? one : Object.values(one);
    if (!Array.isArray(one)) keys += values.length;
    for (const part of values) if (typeof part === "object" && part !== null) open.push(part);
  }
  return keys;
}

/** @param quote the offset of the opening quote; @returns the offset after the closing one */
function stringEnd(json: string, quote: number): number {
  for (let at = quote + 1; ; at++) {
    at = json.indexOf('"', at);
    let backslashes = 0;
    while (json.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes += 1;
    // An even number of them escape each other, and the quote is none of theirs.
    if (backslashes % 2 === 0) return at + 1;
  }
}

interface Open {
  /** The keys so far; null in a list. */
  readonly keys: Set<string> | null;
  /** Where in it the reading stands. */
  place: string | number;
}

function firstDuplicate(json: string): string | undefined {
  const open: Open[] = [];
  for (let at = 0; at < json.length; at++) {
    const inside = open.at(-1);
    switch (json[at]) {
      case "{":
        open.push({ keys: new Set(), place: "" });
        break;
      case "[":
        open.push({ keys: null, place: 0 });
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ",":
        if (inside !== undefined && typeof inside.place === "number") inside.place += 1;
        break;
      case '"': {
        const end = stringEnd(json, at);
        if (inside?.keys != null && isBeforeColon(json, end)) {
          const key = String(JSON.parse(json.slice(at, end)));
          inside.place = key;
          if (inside.keys.has(key)) return pathOf(open);
          inside.keys.add(key);
        }
        at = end - 1;
        break;
      }
      default:
    }
  }
  return undefined;
}

function isBeforeColon(json: string, at: number): boolean {
  let next = at;
  while (/\s/.test(json.charAt(next))) next += 1;
  return json.charCodeAt(next) === colon;
}

const pathOf = (open: readonly Open[]): string =>
  open.reduce((path, { place }) => {
    if (typeof place === "number") return `${path}[${place}]`;
    return path === "" ? place : `${path}.${place}`;
  }, "");

/** The bytes of a body are valid UTF-8, so that only an escape can bring one in. Cheap to test, and rarely true. */
const surrogateEscape = /\\u[dD][89a-fA-F]/;
const lone = /\p{Surrogate}/u;
const pathLengthMax = 200;

interface Place {
  readonly value: unknown;
  readonly path: string;
}

/**
 * Half a character: JSON can write one (`"\ud83d"`), but no text of a database can hold it. It would be read as another text than
 * was written, and two different keys as one.
 * @param json valid JSON
 * @param value what JSON.parse made of it
 * @returns the path of the first text or key with half a character, as in `rows[1].name`
 */
function loneSurrogateIn(json: string, value: unknown): string | undefined {
  if (!surrogateEscape.test(json)) return undefined;
  // Without recursion: a body may be nested as deeply as it is long.
  const open: Place[] = [{ value, path: "" }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { value: one, path } = place;
    if (typeof one === "string" && lone.test(one)) return shown(path);
    if (typeof one !== "object" || one === null) continue;
    const inside: Place[] = [];
    for (const [key, part] of Object.entries(one)) {
      const at = Array.isArray(one) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`;
      if (lone.test(key)) return shown(at);
      inside.push({ value: part, path: at });
    }
    for (const next of inside.reverse()) open.push(next);
  }
  return undefined;
}

function shown(path: string): string {
  const whole = path.slice(0, pathLengthMax).replace(/\p{Surrogate}/gu, "\ufffd");
  return whole === "" ? "(body)" : whole;
}
