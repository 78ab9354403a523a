// The shape of every body a client may send: which keys, and of what type. What stands inside conditions, rows and
// lists of columns is read by the files beside this one; here it is only described, for the API's description.
import { z } from "zod";
import { bounds } from "./bounds.ts";

const mustBe = (what: string) => ({
  error: (issue: { readonly input?: unknown }) =>
    issue.input === undefined ? "is required" : `must be ${what}`,
});

const valueType = { type: ["string", "number", "boolean", "null"] };
const aRow = { type: "object", additionalProperties: valueType };

const table = z
  .string(mustBe("the name of a table"))
  .min(1, "must not be empty")
  .max(bounds.nameLengthMax, `must be at most ${bounds.nameLengthMax} characters long`);
const columns = z
  .unknown()
  .optional()
  .meta({ description: "Column names, or `*`", type: ["array", "string"], items: { type: "string" } });
const where = z
  .unknown()
  .optional()
  .meta({
    description:
      'A text (`age >= 18 AND name LIKE \'a%\'`), an object ({"age": {">=": 18}}), or a list of both',
    type: ["string", "object", "array"],
  });
const row = z.unknown().meta(aRow);
const value = z.unknown().meta(valueType);
const wholeNumber = z.int(mustBe("a whole number")).min(0, "must not be negative");
const one = (word: string) => z.literal(word, mustBe(`"${word}"`));

export const selectBody = z.strictObject({
  table,
  columns,
  where,
  orderBy: z
    .unknown()
    .optional()
    .meta({ description: "`age desc, name`, or a list", type: ["string", "array"] }),
  limit: wholeNumber.optional(),
  offset: wholeNumber.optional(),
  consistency: z
    .enum(["eventual", "strong"], mustBe('"eventual" or "strong"'))
    .optional()
    .meta({ description: "`strong` sees every write that was answered before" }),
  /** As earlier clients call them. */
  column: columns,
  condition: where,
});

export const countBody = z.strictObject({
  table,
  count: z.unknown().meta({ description: "true or 1", type: ["boolean", "integer"] }),
  where,
  consistency: selectBody.shape.consistency,
  condition: where,
});

export const insertBody = z.strictObject({
  op: one("insert"),
  table,
  row: row.optional(),
  rows: z.array(row, mustBe("a list of rows")).min(1, "must not be empty").optional(),
});

export const upsertBody = insertBody.extend({ op: one("upsert") });

export const updateBody = z.strictObject({ op: one("update"), table, set: row.optional(), where });

export const deleteBody = z.strictObject({ op: one("delete"), table, where });

/** `{"table", "column", "insert"}` */
export const columnInsertBody = z.strictObject({
  table,
  insert: z.unknown().meta({ description: "Values in the order of the columns" }),
  column: columns,
  columns,
});

/** `{"table", "delete"}` with a condition, or with `column` and its value. */
export const columnDeleteBody = z.strictObject({ table, delete: z.unknown(), column: columns });

/** `{"query": "insert", "table", "values"}` */
export const queryInsertBody = z.strictObject({ query: one("insert"), table, values: value });

/** `{"query": "delete", "table", "condition"}` */
export const queryDeleteBody = z.strictObject({ query: one("delete"), table, condition: where });
