// Conditions of every form as clients write them, with what they mean in SQLite, and which of them are refused.
import fc from "fast-check";
import type { ColumnType } from "../../../core/schema.ts";
import { integer, table, text } from "./schemas.ts";

export const types: Readonly<Record<string, ColumnType>> = {
  key: "text",
  t: "text",
  t2: "text",
  i: "integer",
  j: "integer",
  r: "real",
  b: "boolean",
};
export const columns = Object.keys(types);
export const mixed = table(
  "mixed",
  [
    ...[text("key"), text("t"), text("t2"), integer("i"), integer("j")],
    ...[
      { name: "r", type: "real" as const },
      { name: "b", type: "boolean" as const },
    ],
  ],
  ["key"],
);

export const numericTexts = ["5", "05", " 5 ", "5.0", "1e1", "-1", "+1", ".5", "10", "1e400"];
const otherTexts = [
  "",
  "a",
  "A",
  "ab",
  "aB",
  "abc",
  "it's",
  "x_y",
  "x%y",
  "i",
  "t2",
  "nosuch",
  "1x",
  "5 5",
  "é",
];
export const texts = [...numericTexts, ...otherTexts];
const numbers = ["0", "1", "5", "-1", "10", "1.5", "0.30000000000000004", "9007199254740993", "-0.5"];
/** Of another form than the number's shortest: for a column of texts they are the text that was written. */
const oddNumbers = ["05", "5.0", "1.50", "1e1", ".5", "+1", "1e400", "99999999999999999999"];
const words = ["abc", "nosuch", "a", "x%", ...columns];

type Operand =
  | { readonly is: "text" | "number" | "truth" | "word" | "quotedWord"; readonly of: string }
  | { readonly is: "column"; readonly of: string; readonly quote: "" | '"' | "`" };

type Test =
  | { readonly op: "compare"; readonly column: Operand; readonly by: string; readonly with: Operand }
  | { readonly op: "mirrored"; readonly literal: Operand; readonly by: string; readonly column: Operand }
  | { readonly op: "constants"; readonly left: Operand; readonly by: string; readonly right: Operand }
  | { readonly op: "in"; readonly column: Operand; readonly not: boolean; readonly list: readonly Operand[] }
  | {
      readonly op: "like";
      readonly column: Operand;
      readonly not: boolean;
      readonly pattern: Operand;
      readonly escape?: string;
    }
  | { readonly op: "null"; readonly column: Operand; readonly not: boolean };
export type Tree =
  | Test
  | { readonly op: "not"; readonly of: Tree }
  | { readonly op: "AND" | "OR"; readonly of: readonly Tree[]; readonly bare: boolean };

export const oneOf = (of: readonly string[]) => fc.constantFrom(...of);
const literal: fc.Arbitrary<Operand> = fc.oneof(
  oneOf(texts).map((of) => ({ is: "text" as const, of })),
  oneOf([...numbers, ...oddNumbers]).map((of) => ({ is: "number" as const, of })),
  oneOf(["TRUE", "FALSE"]).map((of) => ({ is: "truth" as const, of })),
);
const column: fc.Arbitrary<Operand> = fc.record({
  is: fc.constant("column" as const),
  of: oneOf(columns),
  quote: fc.constantFrom("" as const, '"' as const, "`" as const),
});
const word: fc.Arbitrary<Operand> = fc.record({
  is: fc.constantFrom("word" as const, "quotedWord" as const),
  of: oneOf(words),
});
const backticked = oneOf(columns).map((of): Operand => ({ is: "column", of, quote: "`" }));
const by = oneOf(["=", "==", "!=", "<>", "<", "<=", ">", ">="]);
const pattern = oneOf(["%", "a%", "_", "%b", "", "A_", "x!_y", "x!%y", "!", "5%", "%.5", "1%"]);

const test: fc.Arbitrary<Test> = fc.oneof(
  fc.record({
    op: fc.constant("compare" as const),
    column,
    by,
    with: fc.oneof(literal, word, backticked),
  }),
  fc.record({ op: fc.constant("mirrored" as const), literal, by, column }),
  fc.record({ op: fc.constant("constants" as const), left: literal, by, right: literal }),
  fc.record({
    op: fc.constant("in" as const),
    column,
    not: fc.boolean(),
    list: fc.array(fc.oneof(literal, word), { minLength: 1, maxLength: 4 }),
  }),
  fc.record(
    {
      op: fc.constant("like" as const),
      column,
      not: fc.boolean(),
      pattern: fc.oneof(
        pattern.map((of) => ({ is: "text" as const, of })),
        word,
      ),
      escape: fc.constantFrom("!", "\\", "_"),
    },
    { requiredKeys: ["op", "column", "not", "pattern"] },
  ),
  fc.record({ op: fc.constant("null" as const), column, not: fc.boolean() }),
);
export const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    { arbitrary: test, weight: 4 },
    { arbitrary: fc.record({ op: fc.constant("not" as const), of: tie("tree") }), weight: 1 },
    {
      arbitrary: fc.record({
        op: fc.constantFrom("AND" as const, "OR" as const),
        of: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }),
        bare: fc.boolean(),
      }),
      weight: 1,
    },
  ),
}));

export const inQuotes = (of: string, quote = "'"): string =>
  quote + of.replaceAll(quote, quote + quote) + quote;

/** As a client writes it. */
export function asked(operand: Operand): string {
  if (operand.is === "text") return inQuotes(operand.of);
  if (operand.is === "quotedWord") return inQuotes(operand.of, '"');
  if (operand.is === "column" && operand.quote !== "") return inQuotes(operand.of, operand.quote);
  return operand.of;
}

const isColumn = ({ is, of }: Operand): boolean =>
  is === "column" || ((is === "word" || is === "quotedWord") && columns.includes(of));

/** As SQLite has it. What is no column and no number is a text. */
export function meant(operand: Operand, beside?: Operand): string {
  if (isColumn(operand)) return inQuotes(operand.of, '"');
  if (operand.is === "truth") return operand.of;
  const isWritten = beside !== undefined && types[beside.of] === "text" && oddNumbers.includes(operand.of);
  return operand.is === "number" && !isWritten ? operand.of : inQuotes(operand.of);
}

export function written(node: Tree, operand: (of: Operand, beside?: Operand) => string): string {
  switch (node.op) {
    case "not":
      return `NOT ${node.of.op === "AND" || node.of.op === "OR" ? "" : " "}(${written(node.of, operand)})`;
    case "AND":
    case "OR":
      return node.of
        .map((part) =>
          node.bare && part.op !== "not" ? written(part, operand) : `(${written(part, operand)})`,
        )
        .join(` ${node.op} `);
    case "compare":
      return `${operand(node.column)} ${node.by} ${operand(node.with, node.column)}`;
    case "mirrored":
      return `${operand(node.literal, node.column)} ${node.by} ${operand(node.column)}`;
    case "constants":
      return `${operand(node.left)} ${node.by} ${operand(node.right)}`;
    case "in": {
      const list = node.list.map((entry) => operand(entry, node.column));
      return `${operand(node.column)} ${node.not ? "NOT " : ""}IN (${list.join(", ")})`;
    }
    case "like": {
      const ending = node.escape === undefined ? "" : ` ESCAPE ${inQuotes(node.escape)}`;
      return `${operand(node.column)} ${node.not ? "not " : ""}LIKE ${operand(node.pattern)}${ending}`;
    }
    case "null":
      return `${operand(node.column)} IS ${node.not ? "NOT " : ""}NULL`;
  }
}

/** Whether a value beside a column could only make a constant of the comparison. */
function isMisfit(value: Operand, { of }: Operand): boolean {
  if (isColumn(value)) return false;
  if (types[of] === "text") return value.is === "truth";
  return value.is !== "truth" && value.is !== "number" && !numericTexts.includes(value.of);
}

export function hasMisfit(node: Tree): boolean {
  switch (node.op) {
    case "not":
      return hasMisfit(node.of);
    case "AND":
    case "OR":
      return node.of.some(hasMisfit);
    case "compare":
      return isMisfit(node.with, node.column);
    case "mirrored":
      return isMisfit(node.literal, node.column);
    case "in":
      return node.list.some((entry) => isMisfit(entry, node.column));
    case "like":
      return isColumn(node.pattern);
    case "constants":
    case "null":
      return false;
  }
}
