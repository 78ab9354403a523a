// `spec.database.tables`: tables and columns as written, and the checks that need more than one of them.
import type { z } from "zod";
import { type Column, type ColumnType, type Index, schemaLimits, type Table } from "../schema.ts";
import { checkReferences, checkTable, repeated } from "./table-checks.ts";
import { checked, flag, list, mapping, names, oneOf, scalar, text } from "./values.ts";

const limits = { tablesMax: 256, indexesMax: 64, keyColumnsMax: 16 } as const;

/** In lower case. A table of such a name would hide what the SQL of requests needs. */
export const reservedTableNames: ReadonlySet<string> = new Set(["json_each", "jsonb_each", "json_tree"]);

const identifier = text(
  /^(?!_dbaas)(?!sqlite_)[A-Za-z_][A-Za-z0-9_]{0,62}$/i,
  "must be letters, digits and _, start with no digit, _dbaas or sqlite_, and have at most 63 characters",
);

const columnText = mapping({
  name: identifier,
  type: oneOf(["text", "integer", "real", "boolean"]),
  notNull: flag.prefault(false),
  unique: flag.prefault(false),
  autoIncrement: flag
    .prefault(false)
    .describe("counted upwards by the database; a number is never given twice"),
  default: scalar.optional(),
  references: mapping({
    table: identifier,
    column: identifier,
    onDelete: oneOf(["cascade", "restrict"])
      .prefault("restrict")
      .describe("cascade: this row is deleted with the one it refers to; restrict: that deletion is refused"),
  }).optional(),
});

const fitting = checked(columnText, (read, report) => {
  const misfit = "default" in read ? misfitOf(read.default, read.type) : null;
  if (misfit !== null) report(["default"], misfit);
});

/** Leaves out what says nothing, so that equal tables are equal texts whichever way they were written. */
const column = fitting.transform(
  (read): Column => ({
    name: read.name,
    type: read.type,
    ...(read.notNull ? { notNull: true } : {}),
    ...(read.unique ? { unique: true } : {}),
    ...(read.autoIncrement ? { autoIncrement: true } : {}),
    ...(read.default === undefined ? {} : { default: read.default }),
    ...(read.references === undefined ? {} : { references: read.references }),
  }),
);

/** A NUL ends a text in SQL; half of a surrogate pair is no character. */
const unstorable = /\0|\p{Cs}/u;

/** What the database could not store, or not give back as it was. */
function misfitOf(value: z.output<typeof scalar> | undefined, type: ColumnType): string | null {
  if (value === null || value === undefined) return null;
  const kind = type === "text" ? "string" : type === "boolean" ? "boolean" : "number";
  const misfit = `does not fit a column of type ${type}`;
  if (typeof value !== kind) return misfit;
  if (typeof value === "string" && unstorable.test(value))
    return "must be a text without NUL characters and without halves of a surrogate pair";
  if (typeof value === "number" && !Number.isFinite(value)) return `must be a number, not ${value}`;
  return type === "integer" && !Number.isSafeInteger(value) ? misfit : null;
}

const columnNames = names(identifier, limits.keyColumnsMax);

const index = mapping({ columns: columnNames, unique: flag.prefault(false) }).transform(
  ({ columns, unique }): Index => (unique ? { columns, unique } : { columns }),
);

const tableText = mapping({
  name: identifier.refine((name) => !reservedTableNames.has(name.toLowerCase()), {
    error: ({ input }) => `is a name that SQLite keeps for itself: \`${String(input)}\``,
  }),
  columns: list(column, { min: 1, max: schemaLimits.columnsMax }),
  primaryKey: columnNames,
  indexes: list(index, { max: limits.indexesMax }).prefault([]),
});

const table = checked(tableText, checkTable).transform(
  ({ name, columns, primaryKey, indexes }): Table =>
    indexes.length === 0 ? { name, columns, primaryKey } : { name, columns, primaryKey, indexes },
);

export const tables: z.ZodType<readonly Table[], readonly unknown[]> = checked(
  list(table, { max: limits.tablesMax }),
  (read, report) => {
    for (const { i, value } of repeated(read.map(({ name }) => name)))
      report([i, "name"], `repeats the table \`${value}\``);
    checkReferences(read, report);
  },
);
