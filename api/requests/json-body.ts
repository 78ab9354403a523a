// The bytes of a body -> a JSON value, without losing a digit.
import { isUtf8 } from "node:buffer";
import { messageOf, Refusal } from "../../core/errors.ts";
import { duplicateKeyIn, loneSurrogateIn, stringEnd } from "./json-flaws.ts";

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
