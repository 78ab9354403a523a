// The kinds of values that a manifest has, as zod schemas. zod finds what is wrong; the sentences are ours, and name what is
// expected and what is there.
import { z } from "zod";
import type { Report } from "./field.ts";
import { never } from "./kinds.ts";
import {
  durationPattern,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  sizePattern,
} from "./quantities.ts";
import { suggestion } from "./suggest.ts";

const kindOf = (value: unknown): string => {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "string" ? "a text" : `the ${typeof value} ${String(value)}`;
};

const quotedLengthMax = 80;

/** As JSON, so that a text with line breaks stays one line of the log. */
export const quoted = (text: string): string => JSON.stringify(text.slice(0, quotedLengthMax));

const quotedOrKind = (value: unknown): string => (typeof value === "string" ? quoted(value) : kindOf(value));

interface Found {
  readonly input?: unknown;
}

const mustBe = (rule: string, tell: (value: unknown) => string = kindOf) => ({
  error: ({ input }: Found) => `must be ${rule}, not ${tell(input)}`,
});

/**
 * Keys that are not known are problems, each with the known key that may be meant. zod notes all of a mapping in one issue:
 * the message has one line for each of its `keys`.
 */
export const mapping = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys
            .map((key) => `is not a known field here${suggestion(key, Object.keys(shape))}`)
            .join("\n")
        : `must be a mapping, not ${kindOf(issue.input)}`,
  });

export function list<S extends z.ZodType>(item: S, limits: { readonly min?: number; readonly max: number }) {
  const { min = 0, max } = limits;
  const error = ({ input }: Found) =>
    `must have ${min} to ${max} entries, has ${Array.isArray(input) ? input.length : 0}`;
  return z.array(item, mustBe("a list")).min(min, { error, abort: true }).max(max, { error, abort: true });
}

export const flag = z.boolean(mustBe("true or false"));

export function text(pattern: RegExp, rule: string) {
  const error = ({ input }: Found) => `${rule}, not ${quotedOrKind(input)}`;
  return z.string({ error }).regex(pattern, { error, abort: true });
}

export const oneOf = <const T extends readonly string[]>(choices: T) =>
  z.enum(choices, {
    error: ({ input }) => {
      const hint = typeof input === "string" && choices.length > 1 ? suggestion(input, choices) : "";
      const rule = choices.length === 1 ? `must be ${choices[0]}` : `must be one of ${choices.join(", ")}`;
      return `${rule}, not ${quotedOrKind(input)}${hint}`;
    },
  });

export function whole(min: number, max: number) {
  const error = ({ input }: Found) => `must be from ${min} to ${max}, not ${String(input)}`;
  return z
    .int({ ...mustBe("a whole number"), abort: true })
    .min(min, { error })
    .max(max, { error });
}

interface QuantityKind {
  readonly pattern: RegExp;
  readonly rule: string;
  readonly parse: (text: string) => number | null;
  readonly format: (amount: number) => string;
}

function quantity({ pattern, rule, parse, format }: QuantityKind, min: string, max: string) {
  const expected = mustBe(rule, quotedOrKind);
  const [least, most] = [parse(min) ?? 0, parse(max) ?? Number.POSITIVE_INFINITY];
  return z
    .string(expected)
    .regex(pattern, { ...expected, abort: true })
    .refine((text) => parse(text) !== null, { ...expected, abort: true })
    .transform((text) => parse(text) ?? 0)
    .refine((amount) => amount >= least && amount <= most, {
      error: ({ input }) => `must be from ${min} to ${max}, not ${format(Number(input))}`,
    });
}

const durations: QuantityKind = {
  pattern: durationPattern,
  rule: 'a duration such as "2m", "10s" or "250ms"',
  parse: parseDuration,
  format: formatDuration,
};
const sizes: QuantityKind = {
  pattern: sizePattern,
  rule: 'a size such as "256Mi" or "1Gi"',
  parse: parseSize,
  format: formatSize,
};

/** "2m", "10s", "250ms", read as ms. */
export const duration = (min: string, max: string) => quantity(durations, min, max);

const neverOrDuration = new RegExp(`^${never}$|${durationPattern.source}`);

/** A duration, or "never", which is read as null. */
export function durationOrNever(min: string, max: string) {
  const expected = mustBe('a duration such as "1h" or "30m", or never', quotedOrKind);
  const [least, most] = [parseDuration(min) ?? 0, parseDuration(max) ?? Number.POSITIVE_INFINITY];
  return z
    .string(expected)
    .regex(neverOrDuration, { ...expected, abort: true })
    .transform((text) => (text === never ? null : (parseDuration(text) ?? 0)))
    .refine((ms) => ms === null || (ms >= least && ms <= most), {
      error: ({ input }) => `must be from ${min} to ${max}, or never, not ${formatDuration(Number(input))}`,
    });
}

/** "256Mi", "1Gi" or a number of bytes, read as bytes. */
export const size = (min: string, max: string) => quantity(sizes, min, max);

/** A single value of a column, as a default may be. */
export const scalar = z
  .unknown()
  .transform((value, { addIssue }) => {
    if (
      value === null ||
      typeof value === "string" ||
      typeof value === "number" ||
      typeof value === "boolean"
    )
      return value;
    addIssue({ code: "custom", message: `must be a single value, not ${kindOf(value)}` });
    return z.NEVER;
  })
  .meta({ type: ["string", "number", "boolean", "null"] });

/** A name or a list of names. */
export const names = (name: z.ZodType<string, string>, max: number) =>
  z.union([list(name, { min: 1, max }), name.transform((one): readonly string[] => [one])]);

/** With what must hold between the parts of a value, each of which is right by itself. */
export const checked = <S extends z.ZodType>(
  schema: S,
  check: (value: z.output<S>, report: Report) => void,
) =>
  schema.superRefine((value, { addIssue }) =>
    check(value, (path, message) => addIssue({ code: "custom", path: [...path], message })),
  );
