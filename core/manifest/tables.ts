// `spec.database`: tables and columns as written, and the checks that need more than one of them.

import {
  type Column,
  type ColumnType,
  type Index,
  type Reference,
  type Schema,
  schemaLimits,
  type Table,
} from "../schema.ts";
import { flag, list, mapping, names, oneOf, type Place, type Reader, scalar, text } from "./fields.ts";
import { checkColumns, checkReference, reportRepeats } from "./table-checks.ts";

const limits = { tablesMax: 256, indexesMax: 64, keyColumnsMax: 16 } as const;

/** In lower case. A table of such a name would hide what the SQL of requests needs. */
export const reservedTableNames: ReadonlySet<string> = new Set(["json_each", "jsonb_each", "json_tree"]);

const namePattern = /^(?!_dbaas)(?!sqlite_)[A-Za-z_][A-Za-z0-9_]{0,62}$/i;
const identifier = text(
  namePattern,
  "must be letters, digits and _, start with no digit, _dbaas or sqlite_, and have at most 63 characters",
);

interface ColumnText {
  readonly name: string;
  readonly type: ColumnType;
  readonly notNull: boolean;
  readonly unique: boolean;
  readonly autoIncrement: boolean;
  readonly default: { readonly value: string | number | boolean | null } | "none";
  readonly references: Reference | "none";
}

const reference = mapping<Reference>({
  table: { key: "table", read: identifier },
  column: { key: "column", read: identifier },
  onDelete: { key: "onDelete", read: oneOf("cascade", "restrict"), fallback: "restrict" },
});

const columnText = mapping<ColumnText>({
  name: { key: "name", read: identifier },
  type: { key: "type", read: oneOf("text", "integer", "real", "boolean") },
  notNull: { key: "notNull", read: flag, fallback: false },
  unique: { key: "unique", read: flag, fallback: false },
  autoIncrement: { key: "autoIncrement", read: flag, fallback: false },
  default: { key: "default", read: scalar, fallback: "none" },
  references: { key: "references", read: reference, fallback: "none" },
});

/** Leaves out what says nothing, so that equal tables are equal texts whichever way they were written. */
const column: Reader<Column> = (place) => {
  const read = columnText(place);
  if (read === undefined) return undefined;
  const misfit = read.default === "none" ? undefined : misfitOf(read.default.value, read.type);
  if (misfit !== undefined) place.at("default").report(misfit);
  return {
    name: read.name,
    type: read.type,
    ...(read.notNull ? { notNull: true } : {}),
    ...(read.unique ? { unique: true } : {}),
    ...(read.autoIncrement ? { autoIncrement: true } : {}),
    ...(read.default === "none" ? {} : { default: read.default.value }),
    ...(read.references === "none" ? {} : { references: read.references }),
  };
};

/** A NUL ends a text in SQL; half of a surrogate pair is no character. */
const unstorable = /\0|\p{Cs}/u;

/** What the database could not store, or not give back as it was. */
function misfitOf(value: string | number | boolean | null, type: ColumnType): string | undefined {
  if (value === null) return undefined;
  const kind = type === "text" ? "string" : type === "boolean" ? "boolean" : "number";
  const misfit = `does not fit a column of type ${type}`;
  if (typeof value !== kind) return misfit;
  if (typeof value === "string" && unstorable.test(value))
    return "must be a text without NUL characters and without halves of a surrogate pair";
  if (typeof value === "number" && !Number.isFinite(value)) return `must be a number, not ${value}`;
  return type === "integer" && !Number.isSafeInteger(value) ? misfit : undefined;
}

const columnNames = names(identifier, limits.keyColumnsMax);

const indexText = mapping<Required<Index>>({
  columns: { key: "columns", read: columnNames },
  unique: { key: "unique", read: flag, fallback: false },
});

const index: Reader<Index> = (place) => {
  const read = indexText(place);
  if (read === undefined) return undefined;
  return read.unique ? { columns: read.columns, unique: true } : { columns: read.columns };
};

const tableText = mapping<Required<Table>>({
  name: { key: "name", read: identifier },
  columns: { key: "columns", read: list(column, { min: 1, max: schemaLimits.columnsMax }) },
  primaryKey: { key: "primaryKey", read: columnNames },
  indexes: { key: "indexes", read: list(index, { max: limits.indexesMax }), fallback: [] },
});

const table: Reader<Table> = (place) => {
  const read = tableText(place);
  if (read === undefined) return undefined;
  if (reservedTableNames.has(read.name.toLowerCase()))
    place.at("name").report(`is a name that SQLite keeps for itself: \`${read.name}\``);
  checkColumns(read, place);
  const { name, columns, primaryKey, indexes } = read;
  return indexes.length === 0 ? { name, columns, primaryKey } : { name, columns, primaryKey, indexes };
};

const schemaText = mapping<Schema>({
  tables: { key: "tables", read: list(table, { max: limits.tablesMax }), fallback: [] },
});

export const schema: Reader<Schema> = (place) => {
  const read = schemaText(place);
  if (read === undefined) return undefined;
  const at = (i: number): Place => place.at("tables").at(i);
  reportRepeats(
    read.tables.map(({ name }) => name),
    (i) => at(i).at("name"),
    "table",
  );
  for (const [i, { columns }] of read.tables.entries())
    for (const [j, one] of columns.entries())
      if (one.references !== undefined)
        checkReference(one, one.references, read.tables, at(i).at("columns").at(j).at("references"));
  return read;
};
