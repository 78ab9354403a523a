// The schema as the manifest states it and as every copy of the database carries it.

export type ColumnType = "text" | "integer" | "real" | "boolean";

export interface Reference {
  readonly table: string;
  readonly column: string;
  /** What happens to this row when the one it refers to is deleted. */
  readonly onDelete: "cascade" | "restrict";
}

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly notNull?: boolean;
  readonly unique?: boolean;
  /** Only for the single integer column of a primary key: the database counts upwards and never reuses a value. */
  readonly autoIncrement?: boolean;
  readonly default?: string | number | boolean | null;
  readonly references?: Reference;
}

export interface Index {
  readonly columns: readonly string[];
  readonly unique?: boolean;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** Never empty: copies are compared and ordered by it. */
  readonly primaryKey: readonly string[];
  readonly indexes?: readonly Index[];
}

export interface Schema {
  readonly tables: readonly Table[];
}

/** Of what a copy has, with what is kept although the manifest no longer names it. */
export const schemaLimits = { columnsMax: 512, bytesMax: 900_000 } as const;

export const emptySchema: Schema = { tables: [] };

export const findTable = (schema: Schema, name: string): Table | undefined =>
  schema.tables.find((table) => table.name === name);

/** A name as SQL writes it. */
export const quoted = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;
export const quotedList = (identifiers: readonly string[]): string => identifiers.map(quoted).join(", ");
