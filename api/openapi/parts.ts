// What stands inside bodies and is read by hand there (api/requests/): values, rows, columns, conditions, orders. The
// tests hold these descriptions against those parsers, in both directions.
import { statementLimits } from "../../core/messages/statement.ts";
import { bounds } from "../limits.ts";
import type { PartName } from "../requests/schemas.ts";
import { type StatementName, statementNames } from "./bodies.ts";
import type { JsonSchema } from "./json-schema.ts";

type InnerName = "Condition" | "Comparisons" | "Known" | "Pattern" | "SqlValue" | "SqlAnswerValue";

const ref = (name: PartName | InnerName | StatementName): JsonSchema => ({
  $ref: `#/components/schemas/${name}`,
});
/** Two quotes with nothing between them are no name. */
const name: JsonSchema = {
  type: "string",
  minLength: 1,
  maxLength: bounds.nameLengthMax,
  pattern: '^(?!(""|``)$)',
};
const listOfKnown: JsonSchema = { type: "array", items: ref("Known") };

const typed = (name: string, schema: JsonSchema): JsonSchema => ({
  type: "object",
  properties: { [name]: schema },
  required: [name],
  additionalProperties: false,
});

export const parts: Readonly<Record<PartName | InnerName, JsonSchema>> = {
  Statement: {
    description: "SQL or a row form",
    anyOf: statementNames.map(ref),
  },
  Params: {
    description:
      "A list of values, in the order of `?`; or an object of names and values, for `:name`, `@name` and `$name`",
    anyOf: [
      { type: "array", items: ref("SqlValue") },
      { type: "object", additionalProperties: ref("SqlValue") },
      { type: "null" },
    ],
    examples: [["asha", 3], { name: "asha" }],
  },
  SqlAnswerValue: {
    description: "Whole numbers and doubles with all their digits; a blob in base64",
    anyOf: [{ type: ["string", "number", "null"] }, typed("base64", { type: "string" })],
  },
  SqlValue: {
    description:
      "A value as SQLite has it. `integer` is a whole number digit by digit, `real` a double though it looks like a whole number, " +
      "`base64` a blob. A whole number of more than 15 digits outside of `integer` is taken as the text of its digits.",
    anyOf: [
      { type: ["string", "number", "boolean", "null"] },
      typed("integer", { type: ["string", "integer"] }),
      typed("real", { type: ["string", "number"] }),
      typed("base64", { type: "string" }),
    ],
    examples: ["asha", { integer: "9007199254740993" }, { base64: "AP8Q" }],
  },
  Known: {
    description: "A single value that is there: a text, a number, true or false",
    type: ["string", "number", "boolean"],
  },
  Value: {
    description:
      "A single value of a column. Whole numbers of more than 15 digits keep every digit. A column takes values of its type " +
      "only, and a text column numbers, too, of which it keeps the text; a counted key is at most 2^53-1.",
    type: ["string", "number", "boolean", "null"],
  },
  Row: {
    description: "Columns and their values. All rows of one request have the same columns.",
    type: "object",
    minProperties: 1,
    propertyNames: name,
    additionalProperties: ref("Value"),
    examples: [{ username: "asha", password: "3d725109c7e7c0bfb9d709836735b56d943d263f" }],
  },
  Columns: {
    description:
      "A list of column names; a text names one column, several between commas, or all of them (`*`)",
    anyOf: [
      { type: "array", items: name, minItems: 1, maxItems: bounds.columnsMax, uniqueItems: true },
      { type: "string", minLength: 1 },
    ],
    examples: [["username", "password"], "*"],
  },
  Where: {
    description: `A condition, or a list of conditions that must all hold. At most ${bounds.comparisonsMax} comparisons.`,
    anyOf: [
      ref("Condition"),
      {
        type: "array",
        items: { anyOf: [ref("Condition"), { type: "null" }] },
        maxItems: bounds.comparisonsMax,
      },
      { type: "null" },
    ],
    examples: [{ created_by: "asha", source: { ">": 3 } }, "source = 3 AND timestamp < '2026'"],
  },
  Condition: {
    description:
      "An object of columns, each with a value it equals, a list of values it is among, or comparisons; all must hold. Or " +
      "a text with = != < <= > >= IN, LIKE … ESCAPE, IS NULL, AND OR NOT and parentheses, which means what it means in SQLite: " +
      "a text stands in single quotes; a word without quotes or in double quotes is the column of that name, or, on the right of " +
      "a column, a text if the table has no such column; a word in backticks is always a column. A value that cannot be compared " +
      "with its column's type is refused. The text is parsed, and never becomes SQL as it is.",
    anyOf: [
      { type: "string" },
      {
        type: "object",
        additionalProperties: { anyOf: [ref("Value"), listOfKnown, ref("Comparisons")] },
      },
    ],
  },
  Comparisons: {
    description: "Operators and what the column is compared with; all must hold",
    type: "object",
    minProperties: 1,
    additionalProperties: false,
    properties: {
      "=": ref("Value"),
      "!=": ref("Value"),
      "<": ref("Known"),
      "<=": ref("Known"),
      ">": ref("Known"),
      ">=": ref("Known"),
      in: listOfKnown,
      "not in": listOfKnown,
      like: ref("Pattern"),
      "not like": ref("Pattern"),
    },
  },
  Pattern: {
    description:
      "A text in which `%` stands for any characters and `_` for one; after the character `escape` they stand for themselves. " +
      `At most ${statementLimits.patternBytesMax} bytes, in an update or delete ${statementLimits.writtenPatternBytesMax}.`,
    anyOf: [
      { type: "string" },
      {
        type: "object",
        properties: { pattern: { type: "string" }, escape: { type: "string", minLength: 1, maxLength: 1 } },
        required: ["pattern", "escape"],
        additionalProperties: false,
      },
    ],
    examples: ["a%", { pattern: "100\\%", escape: "\\" }],
  },
  OrderBy: {
    description: "`age desc, name`, or a list of such texts and of objects",
    anyOf: [
      { type: "string", minLength: 1 },
      {
        type: "array",
        minItems: 1,
        maxItems: bounds.columnsMax,
        items: {
          anyOf: [
            { type: "string", minLength: 1 },
            {
              type: "object",
              properties: { column: { type: "string" }, descending: { type: "boolean" } },
              required: ["column"],
              additionalProperties: false,
            },
          ],
        },
      },
    ],
    examples: ["ride_id desc", [{ column: "ride_id", descending: true }]],
  },
};
