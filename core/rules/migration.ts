// PURE. Schema -> DDL, and what a copy does with a schema that stands in the log: it adds what is missing, and nothing else.
// Which additions come into the log at all is decided before, by `migration-plan.ts`. What is written here must never make
// another schema of an old record: copies that read the log from its start must end up equal to those that read on.
import { type Column, type Index, quoted, quotedList, type Schema, type Table } from "../schema.ts";

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

/** Names with these characters are none that tables may have, and no two indexes of one schema have the same. */
export const indexName = (table: string, { columns, unique }: Index): string =>
  `${unique ? "unique index" : "index"} on ${table} (${columns.join(", ")})`;

const createIndex = (table: Table, index: Index): string =>
  `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ${quoted(indexName(table.name, index))} ` +
  `ON ${quoted(table.name)} (${quotedList(index.columns)})`;

export const sameIndex = (a: Index, b: Index): boolean =>
  (a.unique ?? false) === (b.unique ?? false) && a.columns.join() === b.columns.join();

export interface Migration {
  /** DDL in order. */
  readonly statements: readonly string[];
  /** The schema after the statements: what was there with what was added. */
  readonly schema: Schema;
}

/** From the schema a copy has to one with everything that `adds` has. What cannot be added is left out. */
export function migrate(have: Schema, adds: Schema): Migration {
  const statements: string[] = [];
  const tables = new Map(have.tables.map((table) => [table.name, table]));
  for (const wanted of adds.tables) {
    const present = tables.get(wanted.name);
    if (present === undefined) {
      statements.push(
        createTable(wanted),
        ...(wanted.indexes ?? []).map((index) => createIndex(wanted, index)),
      );
      tables.set(wanted.name, wanted);
    } else tables.set(wanted.name, extend(present, wanted, statements));
  }
  return { statements, schema: { tables: [...tables.values()] } };
}

function extend(present: Table, wanted: Table, statements: string[]): Table {
  const columns = [...present.columns];
  const indexes = [...(present.indexes ?? [])];
  for (const column of wanted.columns) {
    if (columns.some((other) => other.name === column.name)) continue;
    if (whyNotAddable(column) !== undefined) continue;
    statements.push(`ALTER TABLE ${quoted(present.name)} ADD COLUMN ${columnSql(column, [])}`);
    columns.push(column);
  }
  for (const index of wanted.indexes ?? []) {
    if (indexes.some((other) => sameIndex(other, index))) continue;
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

/** Why SQLite cannot add such a column to a table that may hold rows. */
export function whyNotAddable(column: Column): string | undefined {
  if (column.unique) return "a new column cannot be unique; add a unique index";
  if (column.autoIncrement) return "a new column cannot count itself";
  const hasDefault = column.default !== undefined && column.default !== null;
  if (column.notNull && !hasDefault) return "a new column that is not null needs a default";
  if (column.references !== undefined && hasDefault)
    return "a new column with a reference cannot have a default";
  return undefined;
}
