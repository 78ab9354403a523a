// The building blocks a manifest is read with. Each reader takes a place in the text, notes every problem it finds there,
// and gives the value, or `undefined` when there is none that could be used.
import { formatDuration, formatSize, parseDuration, parseSize } from "./quantities.ts";
import { suggestion } from "./suggest.ts";
import type { Path } from "./yaml.ts";

export interface Place {
  readonly value: unknown;
  readonly path: Path;
  report(message: string): void;
  /** The same, about a key below this place that should not be there. */
  reportKey(key: string, message: string): void;
  at(segment: string | number): Place;
}

export type Reader<T> = (place: Place) => T | undefined;

export interface Field<T> {
  readonly key: string;
  readonly read: Reader<T>;
  /** Taken when the key is absent. Without it the key must be there. */
  readonly fallback?: T;
}

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "string" ? "a text" : `the ${typeof value} ${String(value)}`;
};

const quotedLengthMax = 80;

/** As JSON, so that a text with line breaks stays one line of the log. */
export const quoted = (text: string): string => JSON.stringify(text.slice(0, quotedLengthMax));

/** Reads every field, so that one problem does not hide the others; unknown keys are problems with a suggestion. */
export function mapping<T>(fields: { readonly [K in keyof T]-?: Field<T[K]> }): Reader<T> {
  const list = Object.entries(fields) as [keyof T & string, Field<unknown>][];
  const known = list.map(([, field]) => field.key);
  return (place) => {
    const { value } = place;
    if (!isMapping(value)) return void place.report(`must be a mapping, not ${kindOf(value)}`);
    for (const key of Object.keys(value))
      if (!known.includes(key)) place.reportKey(key, `is not a known field here${suggestion(key, known)}`);
    const result: Partial<Record<keyof T, unknown>> = {};
    let complete = true;
    for (const [name, field] of list) {
      const read = readField(place, value, field);
      if (read === undefined) complete = false;
      result[name] = read;
    }
    return complete ? (result as T) : undefined;
  };
}

function readField(place: Place, value: Readonly<Record<string, unknown>>, field: Field<unknown>): unknown {
  if (Object.hasOwn(value, field.key)) return field.read(place.at(field.key));
  if (field.fallback === undefined) place.report(`lacks the field \`${field.key}\``);
  return field.fallback;
}

export function list<T>(
  item: Reader<T>,
  limits: { readonly min?: number; readonly max: number },
): Reader<readonly T[]> {
  return (place) => {
    const { value } = place;
    if (!Array.isArray(value)) return void place.report(`must be a list, not ${kindOf(value)}`);
    if (value.length < (limits.min ?? 0) || value.length > limits.max)
      return void place.report(`must have ${limits.min ?? 0} to ${limits.max} entries, has ${value.length}`);
    const items = value.map((_, i) => item(place.at(i)));
    return items.every((one) => one !== undefined) ? (items as T[]) : undefined;
  };
}

export const flag: Reader<boolean> = (place) =>
  typeof place.value === "boolean"
    ? place.value
    : void place.report(`must be true or false, not ${kindOf(place.value)}`);

export const text =
  (pattern: RegExp, rule: string): Reader<string> =>
  (place) =>
    typeof place.value === "string" && pattern.test(place.value)
      ? place.value
      : void place.report(
          typeof place.value === "string"
            ? `${rule}, not ${quoted(place.value)}`
            : `${rule}, not ${kindOf(place.value)}`,
        );

export const oneOf =
  <T extends string>(...choices: readonly T[]): Reader<T> =>
  (place) => {
    const chosen = choices.find((choice) => choice === place.value);
    if (chosen !== undefined) return chosen;
    const hint =
      typeof place.value === "string" && choices.length > 1 ? suggestion(place.value, choices) : "";
    const given = typeof place.value === "string" ? quoted(place.value) : kindOf(place.value);
    const rule = choices.length === 1 ? `must be ${choices[0]}` : `must be one of ${choices.join(", ")}`;
    return void place.report(`${rule}, not ${given}${hint}`);
  };

export const whole =
  (min: number, max: number): Reader<number> =>
  (place) => {
    const { value } = place;
    if (typeof value !== "number" || !Number.isSafeInteger(value))
      return void place.report(`must be a whole number, not ${kindOf(value)}`);
    if (value < min || value > max) return void place.report(`must be from ${min} to ${max}, not ${value}`);
    return value;
  };

/** "2m", "10s", "250ms", read as ms. */
export const duration =
  (min: string, max: string): Reader<number> =>
  (place) =>
    quantity(place, parseDuration, 'a duration such as "2m", "10s" or "250ms"', [min, max], formatDuration);

/** "256Mi", "1Gi" or a number of bytes, read as bytes. */
export const size =
  (min: string, max: string): Reader<number> =>
  (place) =>
    quantity(place, parseSize, 'a size such as "256Mi" or "1Gi"', [min, max], formatSize);

function quantity(
  place: Place,
  parse: (text: string) => number | null,
  kind: string,
  [min, max]: readonly [string, string],
  format: (amount: number) => string,
): number | undefined {
  const amount = typeof place.value === "string" ? parse(place.value) : null;
  if (amount === null)
    return void place.report(
      `must be ${kind}, not ${typeof place.value === "string" ? quoted(place.value) : kindOf(place.value)}`,
    );
  if (amount < (parse(min) ?? 0) || amount > (parse(max) ?? Number.POSITIVE_INFINITY))
    return void place.report(`must be from ${min} to ${max}, not ${format(amount)}`);
  return amount;
}

/** A single value of a column, as a default may be. */
export const scalar: Reader<{ readonly value: string | number | boolean | null }> = ({ value, report }) =>
  value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? { value }
    : void report(`must be a single value, not ${kindOf(value)}`);

/** A name or a list of names. */
export const names = (name: Reader<string>, max: number): Reader<readonly string[]> => {
  const many = list(name, { min: 1, max });
  return (place) => {
    if (Array.isArray(place.value)) return many(place);
    const one = name(place);
    return one === undefined ? undefined : [one];
  };
};
