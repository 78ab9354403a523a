// The shape of every body and header a client may send: which keys, and of what type. What stands inside conditions, rows and
// lists of columns is read by the files beside this one; here it is only described, for the API's description.
// `shaped` holds a body against its schema and says in the client's words what is wrong with it.

import { z } from "zod";
import { Refusal } from "../../core/errors.ts";
import { nearest } from "../../core/manifest/suggest.ts";
import { type ReadBounds, readBounds } from "../../core/messages/queues.ts";
import { type ReadShape, statementLimits, type WriteShape } from "../../core/messages/statement.ts";
import { bounds } from "../limits.ts";
import { unquotedName } from "./values.ts";

const mustBe = (what: string) => ({
  error: (issue: { readonly input?: unknown }) =>
    issue.input === undefined ? "is required" : `must be ${what}`,
});

/** The parts that are read by hand, under the names by which they are described. */
export type PartName = "Value" | "Row" | "Columns" | "Where" | "OrderBy" | "Params" | "Statement";
const ref = (name: PartName) => ({ $ref: `#/components/schemas/${name}` });
const part = (name: PartName) => z.unknown().optional().meta(ref(name));
const neededParts = new WeakSet<object>();
/** A part that must be there. Optional in the type: what reads it says in its own words that it is missing. */
function needed(name: PartName) {
  const schema = part(name);
  neededParts.add(schema);
  return schema;
}
/** A body with such parts, which the description requires. */
const bodyThatNeeds = <S extends z.ZodRawShape>(shape: S) =>
  z.strictObject(shape).meta({
    required: Object.keys(shape).filter((key) => {
      const schema = shape[key];
      return schema instanceof z.ZodOptional ? neededParts.has(schema) : schema !== undefined;
    }),
  });
/** What earlier clients call the same. */
const earlier = (name: PartName, now: string) =>
  z
    .unknown()
    .optional()
    .meta({ description: `Earlier name of \`${now}\``, deprecated: true, ...ref(name) });

const table = z
  .string(mustBe("the name of a table"))
  .min(1, "must not be empty")
  .max(bounds.nameLengthMax, `must be at most ${bounds.nameLengthMax} characters long`)
  .overwrite(unquotedName);
const columns = part("Columns");
const where = part("Where");
const row = z.unknown().meta(ref("Row"));
const wholeNumber = z.int(mustBe("a whole number")).min(0, "must not be negative");
const one = (word: string) => z.literal(word, mustBe(`"${word}"`));

export const selectBody = z.strictObject({
  table,
  columns,
  where,
  orderBy: part("OrderBy"),
  limit: wholeNumber.optional(),
  offset: wholeNumber.optional(),
  consistency: z
    .enum(["eventual", "strong"], mustBe('"eventual" or "strong"'))
    .optional()
    .meta({ description: "`strong` sees every write that was answered before" }),
  column: earlier("Columns", "columns"),
  condition: earlier("Where", "where"),
});

export const countBody = z.strictObject({
  table,
  count: z.unknown().meta({ enum: [true, 1] }),
  where,
  consistency: selectBody.shape.consistency,
  condition: earlier("Where", "where"),
});

const { sqlBytesMax, statementsMax } = statementLimits;
const sql = z
  .string(mustBe("a text"))
  .min(1, "must not be empty")
  .refine((text) => Buffer.byteLength(text) <= sqlBytesMax, `must have at most ${sqlBytesMax} bytes`)
  .meta({ description: "One statement in SQLite's SQL, with `?`, `?1` or `:name` where values stand" });
const params = part("Params");
const expect = z
  .strictObject({ rowsAffected: wholeNumber }, mustBe('an object with "rowsAffected"'))
  .optional()
  .meta({ description: "Nothing is done when another number of rows would change" });

/** `{"sql", "params"}` in db/read */
export const sqlReadBody = z.strictObject({ sql, params, consistency: selectBody.shape.consistency });

/** `{"sql", "params"}` in db/write */
export const sqlWriteBody = z.strictObject({ sql, params, expect });

/** `{"statements": [...]}` */
export const statementsBody = z.strictObject({
  statements: z
    .array(z.unknown().meta(ref("Statement")), mustBe("a list of statements"))
    .min(1, "must not be empty")
    .max(statementsMax, `must have at most ${statementsMax} statements`),
});

const rowOrRows = { oneOf: [{ required: ["row"] }, { required: ["rows"] }] };

const insertion = z.strictObject({
  op: one("insert"),
  table,
  row: row.optional(),
  rows: z.array(row, mustBe("a list of rows")).min(1, "must not be empty").optional(),
  expect,
});

export const insertBody = insertion.meta(rowOrRows);

export const upsertBody = insertion.extend({ op: one("upsert") }).meta(rowOrRows);

export const updateBody = bodyThatNeeds({
  op: one("update"),
  table,
  set: needed("Row"),
  where: needed("Where"),
  expect,
});

export const deleteBody = bodyThatNeeds({ op: one("delete"), table, where: needed("Where"), expect });

/** `{"table", "column", "insert"}` */
export const columnInsertBody = z
  .strictObject({
    table,
    insert: z.unknown().meta({
      description:
        "The values in the order of the columns: a list, a text of SQL literals, or the value of the only column",
      anyOf: [{ type: "array", items: ref("Value") }, ref("Value")],
    }),
    column: columns,
    columns,
  })
  .meta({ oneOf: [{ required: ["column"] }, { required: ["columns"] }] });

/** `{"table", "delete"}` with a condition, or with `column` and its value. */
export const columnDeleteBody = z.strictObject({
  table,
  delete: z.unknown().meta({
    description: "A condition; beside `column` the value that it has in the rows to delete",
    anyOf: [ref("Where"), ref("Value")],
  }),
  column: z
    .unknown()
    .optional()
    .meta({ description: "A single column", ...ref("Columns") }),
});

/** `{"query": "insert", "table", "values"}` */
export const queryInsertBody = z.strictObject({
  query: one("insert"),
  table,
  values: z.unknown().meta({ anyOf: [ref("Row"), { type: "array", minItems: 1, items: ref("Row") }] }),
});

/** `{"query": "update", "table", "values", "condition"}` */
export const queryUpdateBody = bodyThatNeeds({
  query: one("update"),
  table,
  values: needed("Row"),
  condition: needed("Where"),
});

/** `{"query": "delete", "table", "condition"}` */
export const queryDeleteBody = bodyThatNeeds({ query: one("delete"), table, condition: needed("Where") });

/** How clients ask for each kind of read. A new kind does not compile before it stands here, and is described then. */
export const readBodies = { select: selectBody, count: countBody, sql: sqlReadBody } satisfies Record<
  ReadShape["kind"],
  z.ZodObject
>;

/** How clients ask for each kind of write, by the operation that they name: the same. */
export const writeBodies = {
  insert: { insert: insertBody, upsert: upsertBody },
  update: { update: updateBody },
  delete: { delete: deleteBody },
  /** Asked for without an operation: `sqlWriteBody`. */
  sql: {},
  /** The same: `statementsBody`. */
  batch: {},
  /** Has a route of its own, and no body. */
  clear: {},
  /** Made by the API itself, for strong reads. */
  barrier: {},
} satisfies Record<WriteShape["kind"], Readonly<Record<string, z.ZodObject>>>;

/** A header that says something of a statement. */
export interface RequestHeader {
  readonly name: string;
  /** The name as Node.js gives it. */
  readonly key: string;
  readonly form: RegExp;
  /** Behind "must be". */
  readonly rule: string;
  readonly says: string;
  readonly example?: string;
}

const header = (told: Omit<RequestHeader, "key">): RequestHeader => ({
  ...told,
  key: told.name.toLowerCase(),
});

/** Each bound that a read may have, with the header that asks for it. A whole number, as all bounds are. */
export const boundHeaders = {
  minPosition: header({
    name: "X-DBaaS-Min-Position",
    form: /^\d{1,16}$/,
    rule: "a position as X-DBaaS-Position gave it",
    says: "Answer only from a copy that has reached this position: read your own writes",
    example: "42",
  }),
} satisfies Record<keyof ReadBounds, RequestHeader>;

export const idempotencyKey = header({
  name: "Idempotency-Key",
  form: new RegExp(`^[!-~]{1,${bounds.idempotencyKeyLengthMax}}$`),
  rule: `1 to ${bounds.idempotencyKeyLengthMax} visible ASCII characters`,
  says: "The same key again gives the same answer, applied once, also after any number of failovers. A new random one for each write.",
});

const misshapen = ({ name, rule }: RequestHeader) => new Refusal("bad_request", `must be ${rule}`, name);

type SentHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** @throws Refusal when it is there and is not as it must be */
export function headerIn(sent: SentHeaders, header: RequestHeader): string | undefined {
  const value = sent[header.key];
  if (value === undefined) return undefined;
  const text = String(value);
  if (header.form.test(text)) return text;
  throw misshapen(header);
}

/** What binds a read, as its headers say. @throws Refusal naming the header that is wrong */
export function boundsFrom(sent: SentHeaders): ReadBounds {
  const found: { -readonly [N in keyof ReadBounds]: number } = {};
  for (const name of readBounds) {
    const text = headerIn(sent, boundHeaders[name]);
    if (text === undefined) continue;
    found[name] = Number(text);
    if (!Number.isSafeInteger(found[name])) throw misshapen(boundHeaders[name]);
  }
  return found;
}

type Bodies = typeof writeBodies;
/** What a client names as `op`. */
export type WriteOperation = { [K in keyof Bodies]: keyof Bodies[K] }[keyof Bodies];

/** @throws Refusal naming the first field that does not fit */
export function shaped<T extends z.ZodObject>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue === undefined) throw new Refusal("bad_request", "is malformed", "(body)");
  if (issue.code === "unrecognized_keys") throw unknownKey(issue.keys[0] ?? "", Object.keys(schema.shape));
  throw new Refusal("bad_request", issue.message, pathOf(issue.path));
}

function unknownKey(key: string, known: readonly string[]): Refusal {
  const meant = nearest(key, known);
  const hint = meant === null ? `known here: ${known.join(", ")}` : `did you mean ${meant}?`;
  return new Refusal("bad_request", `is not known; ${hint}`, key);
}

/** Of two names for one thing the one that was used. */
export function oneOf<K extends string>(body: { readonly [key in K]?: unknown }, name: K, earlier: K): K {
  if (body[earlier] === undefined) return name;
  if (body[name] !== undefined)
    throw new Refusal("bad_request", `is the same as ${name}: send one of them`, earlier);
  return earlier;
}

/** `rows[1].age` */
const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "") || "(body)";
