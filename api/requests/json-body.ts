// The bytes of a body -> a JSON value, without losing a digit.
import { isUtf8 } from "node:buffer";
import { messageOf, Refusal } from "../../protocol/errors.ts";

/** Cheap to test, and true of every text that holds a number which a double might change. */
const maybeInexact = /\d{16}|\d[eE][+-]?\d{3}/;
const numberForm = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** @throws Refusal naming `(body)` when it is not JSON */
export function jsonFrom(body: Buffer): unknown {
  if (!isUtf8(body)) throw new Refusal("bad_request", "is not valid UTF-8", "(body)");
  const text = body.toString("utf8");
  try {
    const value: unknown = JSON.parse(text);
    return maybeInexact.test(text) ? JSON.parse(withExactNumbers(text)) : value;
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

/** @returns the offset after the closing quote */
function stringEnd(json: string, quote: number): number {
  let at = quote + 1;
  while (json.charAt(at) !== '"') at += json.charAt(at) === "\\" ? 2 : 1;
  return at + 1;
}

/** Fractions are approximate by their nature; whole numbers are meant digit by digit. */
function isExact(digits: string): boolean {
  const value = Number(digits);
  if (!Number.isFinite(value)) return false;
  return !/^-?\d+$/.test(digits) || Number.isSafeInteger(value);
}
