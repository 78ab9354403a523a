// PURE. Schema -> DDL, and the way from one schema to the next. Only additions are ways: dropping or changing what holds
// data is refused, because a typo in a manifest must not cost any. Workers go this way; the command line says beforehand
// where it leads.
import type { Column, Index, Schema, Table } from "./schema.ts";

export const quoted = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;
const quotedList = (identifiers: readonly string[]): string => identifiers.map(quoted).join(", ");

const literal = (value: string | number | boolean): string => {
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  return String(Number(value));
};

const storageClass = { text: "TEXT", integer: "INTEGER", real: "REAL", boolean: "INTEGER" } as const;

function columnSql(column: Column, primaryKey: readonly string[]): string {
  const parts = [quoted(column.name), storageClass[column.type]];
  if (column.autoIncrement) parts.push("PRIMARY KEY AUTOINCREMENT");
  if (column.notNull || primaryKey.includes(column.name)) parts.push("NOT NULL");
  if (column.unique) parts.push("UNIQUE");
  if (column.type === "boolean") parts.push(`CHECK (${quoted(column.name)} IN (0, 1))`);
  if (column.default !== undefined && column.default !== null)
    parts.push(`DEFAULT ${literal(column.default)}`);
  if (column.references !== undefined) {
    const { table, column: target, onDelete } = column.references;
    // Not RESTRICT: that looks at each row at once, so that it would depend on their order whether a statement succeeds.
    const action = onDelete === "cascade" ? "CASCADE" : "NO ACTION";
    parts.push(`REFERENCES ${quoted(table)}(${quoted(target)}) ON DELETE ${action}`);
  }
  return parts.join(" ");
}

/**
 * Every table is STRICT, so that a value of the wrong type is refused instead of kept, and tables without a counted key
 * have no hidden row number, so that every copy holds its rows in the same order.
 */
function createTable(table: Table): string {
  const counted = table.columns.some((column) => column.autoIncrement);
  const lines = table.columns.map((column) => columnSql(column, table.primaryKey));
  if (!counted) lines.push(`PRIMARY KEY (${quotedList(table.primaryKey)})`);
  return `CREATE TABLE ${quoted(table.name)} (${lines.join(", ")}) STRICT${counted ? "" : ", WITHOUT ROWID"}`;
}

const indexName = (table: Table, index: Index): string =>
  `${table.name}_by_${index.columns.join("_")}${index.unique ? "_unique" : ""}`;

const createIndex = (table: Table, index: Index): string =>
  `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ${quoted(indexName(table, index))} ` +
  `ON ${quoted(table.name)} (${quotedList(index.columns)})`;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

export interface Migration {
  /** DDL in order. */
  readonly statements: readonly string[];
  /** What the wanted schema asks for that is no addition; nothing of it is done. */
  readonly refused: readonly string[];
  /** The schema after the statements: what was there with what was added. */
  readonly schema: Schema;
}

/** From the schema a copy has to the one the manifest wants. */
export function migrate(have: Schema, want: Schema): Migration {
  const statements: string[] = [];
  const refused: string[] = [];
  const tables = new Map(have.tables.map((table) => [table.name, table]));
  for (const wanted of want.tables) {
    const present = tables.get(wanted.name);
    if (present === undefined) {
      statements.push(
        createTable(wanted),
        ...(wanted.indexes ?? []).map((index) => createIndex(wanted, index)),
      );
      tables.set(wanted.name, wanted);
    } else tables.set(wanted.name, extend(present, wanted, statements, refused));
  }
  for (const present of have.tables)
    if (!want.tables.some((wanted) => wanted.name === present.name))
      refused.push(`table ${present.name} is no longer in the manifest; its data is kept`);
  return { statements, refused, schema: { tables: [...tables.values()] } };
}

function extend(present: Table, wanted: Table, statements: string[], refused: string[]): Table {
  const columns = [...present.columns];
  const indexes = [...(present.indexes ?? [])];
  if (!same(present.primaryKey, wanted.primaryKey))
    refused.push(`table ${present.name}: the primary key cannot be changed`);
  for (const column of wanted.columns) {
    const known = columns.find((other) => other.name === column.name);
    if (known !== undefined) {
      if (!same(known, column)) refused.push(`column ${present.name}.${column.name} cannot be changed`);
      continue;
    }
    const why = whyNotAddable(column);
    if (why !== undefined) {
      refused.push(`column ${present.name}.${column.name} cannot be added: ${why}`);
      continue;
    }
    statements.push(`ALTER TABLE ${quoted(present.name)} ADD COLUMN ${columnSql(column, [])}`);
    columns.push(column);
  }
  for (const index of wanted.indexes ?? []) {
    if (indexes.some((other) => same(other, index))) continue;
    if (index.columns.some((name) => !columns.some((column) => column.name === name))) continue;
    statements.push(createIndex(present, index));
    indexes.push(index);
  }
  return {
    name: present.name,
    columns,
    primaryKey: present.primaryKey,
    ...(indexes.length > 0 ? { indexes } : {}),
  };
}

function whyNotAddable(column: Column): string | undefined {
  if (column.unique) return "a new column cannot be unique; add a unique index";
  if (column.autoIncrement) return "a new column cannot count itself";
  const hasDefault = column.default !== undefined && column.default !== null;
  if (column.notNull && !hasDefault) return "a new column that is not null needs a default";
  if (column.references !== undefined && hasDefault)
    return "a new column with a reference cannot have a default";
  return undefined;
}
