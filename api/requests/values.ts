// Single values out of a parsed JSON body: what a column can hold, and nothing else. At the end, the values of one
// request as its shape refers to them.
import { Refusal } from "../../core/errors.ts";
import type { Param, Value } from "../../core/messages/statement.ts";

export const isValue = (raw: unknown): raw is Value =>
  typeof raw === "string" ||
  typeof raw === "boolean" ||
  raw === null ||
  (typeof raw === "number" && Number.isFinite(raw));

export const isRecord = (raw: unknown): raw is Readonly<Record<string, unknown>> =>
  typeof raw === "object" && raw !== null && !Array.isArray(raw);

export const notAValue = (field: string): Refusal =>
  new Refusal("bad_request", "must be a text, a number, true, false or null", field);

/** @throws Refusal naming the field */
export function valueAt(raw: unknown, field: string): Value {
  if (isValue(raw)) return raw;
  throw notAValue(field);
}

/**
 * A number written without quotes inside a text. One that a double would change (`007`, 20 digits) stays a text: nothing
 * of it is lost, and the database compares it with a numeric column as the number it is.
 */
export function numberFromText(text: string): number | string {
  const value = Number(text);
  return String(value) === text ? value : text;
}

export class Params {
  readonly #values: Param[];

  /** @param first values that already stand before those added, for instance the new values of an update */
  constructor(first: readonly Param[] = []) {
    this.#values = [...first];
  }

  /** @returns the number by which a shape refers to the value */
  add(value: Param): number {
    return this.#values.push(value) - 1;
  }

  get values(): readonly Param[] {
    return this.#values;
  }
}
