// `spec.database`: tables and columns as written, and the checks that need more than one of them.
import {
  flag,
  list,
  mapping,
  names,
  oneOf,
  type Place,
  type Reader,
  scalar,
  text,
} from "./manifest-fields.ts";
import { checkColumns, checkReference, reportRepeats } from "./manifest-table-checks.ts";
import type { Column, ColumnType, Index, Reference, Schema, Table } from "./schema.ts";

const limits = { tablesMax: 256, columnsMax: 512, indexesMax: 64, keyColumnsMax: 16 } as const;

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
  if (read.default !== "none" && !fits(read.default.value, read.type))
    place.at("default").report(`does not fit a column of type ${read.type}`);
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

function fits(value: string | number | boolean | null, type: ColumnType): boolean {
  if (value === null) return true;
  if (type === "text") return typeof value === "string";
  if (type === "boolean") return typeof value === "boolean";
  return typeof value === "number" && (type === "real" || Number.isSafeInteger(value));
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
  columns: { key: "columns", read: list(column, { min: 1, max: limits.columnsMax }) },
  primaryKey: { key: "primaryKey", read: columnNames },
  indexes: { key: "indexes", read: list(index, { max: limits.indexesMax }), fallback: [] },
});

const table: Reader<Table> = (place) => {
  const read = tableText(place);
  if (read === undefined) return undefined;
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
