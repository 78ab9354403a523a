// PURE: tables of a file, in the order in which their rows can be written, and rows as statements of the API. References are kept at
// every step: what refers to a row that comes later is written without it first.
import { quoted, quotedList } from "../../core/schema.ts";

/** As SQLite has it: a whole number is a bigint, a number a double, a blob its bytes. */
export type SqlValue = null | bigint | number | string | Uint8Array;

export interface FileColumn {
  readonly name: string;
  /** As declared, in capitals. */
  readonly type: string;
  readonly notNull: boolean;
  /** Not null and without a default. */
  readonly required: boolean;
  /** Its place in the primary key, from 1; 0 where it is no part of it. */
  readonly key: number;
}

export interface FileTable {
  readonly name: string;
  readonly columns: readonly FileColumn[];
  /** By which name its rows' hidden numbers are read and written; undefined where a column has them, or there are none. */
  readonly rowid: string | undefined;
  /** The last number that the table gave, where it counts. */
  readonly counter: bigint | undefined;
  readonly references: readonly { readonly table: string; readonly column: string }[];
  readonly rows: number;
}

export interface SqlStatement {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** A table in its turn. */
export interface Planned {
  readonly table: FileTable;
  /** Columns that refer to rows which are not there yet when these are written. */
  readonly late: readonly string[];
}

/** The service's own tables and SQLite's are nobody's data. */
export const isUsers = (name: string): boolean => !/^(_dbaas|sqlite_)/i.test(name);

const lower = (name: string): string => name.toLowerCase();

/** Those that others refer to come first. Where tables refer to one another, a column that may be empty comes late. */
export function inOrder(tables: readonly FileTable[]): readonly Planned[] {
  const planned: Planned[] = [];
  let left = tables;
  while (left.length > 0) {
    const waitsFor = (table: FileTable, isWaited: (column: string) => boolean): boolean =>
      table.references.some(
        ({ table: other, column }) =>
          lower(other) !== lower(table.name) &&
          isWaited(column) &&
          left.some(({ name }) => lower(name) === lower(other)),
      );
    const next =
      left.find((table) => !waitsFor(table, () => true)) ??
      left.find((table) => !waitsFor(table, (column) => !mayComeLate(table, column))) ??
      left[0];
    if (next === undefined) break;
    const late = next.references
      .filter(({ table: other }) => left.some(({ name }) => lower(name) === lower(other)))
      .flatMap(({ column }) => (mayComeLate(next, column) ? column : []));
    planned.push({ table: next, late: [...new Set(late)] });
    left = left.filter((table) => table !== next);
  }
  return planned;
}

const mayComeLate = ({ columns }: FileTable, name: string): boolean =>
  columns.some((column) => lower(column.name) === lower(name) && !column.notNull && column.key === 0);

export const columnsOf = ({ rowid, columns }: FileTable): readonly string[] => [
  ...(rowid === undefined ? [] : [rowid]),
  ...columns.map(({ name }) => name),
];

/** A value as the API takes it, with all its digits. */
export function paramOf(value: SqlValue): unknown {
  if (typeof value === "bigint") {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : { integer: String(value) };
  }
  if (typeof value === "number")
    return { real: Number.isFinite(value) ? value : value > 0 ? "1e999" : "-1e999" };
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString("base64") } : value;
}

const chunkLimits = {
  rowsMax: 500,
  /** SQLite takes 32,766. */
  paramsMax: 30_000,
  /** Of the JSON of its values, about. A large row goes alone. */
  bytesMax: 256 * 1024,
  sqlBytesMax: 90_000,
} as const;

const bytesOf = (value: unknown): number => {
  if (typeof value === "string") return Buffer.byteLength(value) + 3;
  if (typeof value !== "object" || value === null) return 12;
  return 24 + String(Object.values(value)[0]).length;
};

/** Rows of parameters in parts that one statement carries. */
export function* chunked(
  rows: Iterable<readonly unknown[]>,
  columns: number,
): Generator<readonly (readonly unknown[])[], void> {
  const rowsMax = Math.max(
    1,
    Math.min(
      chunkLimits.rowsMax,
      Math.floor(chunkLimits.paramsMax / columns),
      Math.floor(chunkLimits.sqlBytesMax / (2 * columns + 2)),
    ),
  );
  let chunk: (readonly unknown[])[] = [];
  let bytes = 0;
  for (const row of rows) {
    const rowBytes = row.reduce((sum: number, value) => sum + bytesOf(value), 0);
    if (chunk.length >= rowsMax || (chunk.length > 0 && bytes + rowBytes > chunkLimits.bytesMax)) {
      yield chunk;
      [chunk, bytes] = [[], 0];
    }
    chunk.push(row);
    bytes += rowBytes;
  }
  if (chunk.length > 0) yield chunk;
}

export function insertOf(
  table: string,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
): SqlStatement {
  const row = `(${columns.map(() => "?").join()})`;
  return {
    sql: `INSERT INTO ${quoted(table)} (${quotedList(columns)}) VALUES ${rows.map(() => row).join()}`,
    params: rows.flat(),
  };
}

/** Which row it is, in a condition: by its key, or its hidden number. */
export const keyOf = ({ rowid, columns }: FileTable): readonly string[] => {
  const keys = columns.filter(({ key }) => key > 0).map(({ name }) => name);
  return keys.length > 0 ? keys : rowid === undefined ? [] : [rowid];
};

/** What gives a row its late references. */
export function lateUpdate({ table, late }: Planned, row: readonly SqlValue[]): SqlStatement | undefined {
  const names = columnsOf(table);
  const valueIn = (name: string): SqlValue =>
    row[names.findIndex((one) => lower(one) === lower(name))] ?? null;
  const set = late.filter((name) => valueIn(name) !== null);
  if (set.length === 0) return undefined;
  const keys = keyOf(table);
  return {
    sql: `UPDATE ${quoted(table.name)} SET ${set.map((name) => `${quoted(name)} = ?`).join(", ")} WHERE ${keys.map((name) => `${quoted(name)} IS ?`).join(" AND ")}`,
    params: [...set, ...keys].map((name) => paramOf(valueIn(name))),
  };
}

const emptyValueOf = ({ type }: FileColumn): SqlValue => {
  if (/CHAR|TEXT|CLOB/.test(type)) return "";
  return type.includes("BLOB") ? new Uint8Array(0) : 0n;
};

/**
 * A table never gives a number again, although the row that had it is gone: before its rows come, another one has the number for a
 * moment.
 * @param first a row of the table, where it has any
 */
export function counterStatements(
  { table, late }: Planned,
  first: readonly SqlValue[] | undefined,
): readonly SqlStatement[] {
  const { counter, columns } = table;
  const key = columns.find((column) => column.key === 1);
  if (counter === undefined || key === undefined) return [];
  const chosen = columns.filter(
    (column) => column === key || (first === undefined ? column.required : !late.includes(column.name)),
  );
  const valueIn = (column: FileColumn): SqlValue => {
    if (column === key) return counter;
    return first === undefined ? emptyValueOf(column) : (first[columns.indexOf(column)] ?? null);
  };
  const names = chosen.map(({ name }) => name);
  return [
    insertOf(table.name, names, [chosen.map((column) => paramOf(valueIn(column)))]),
    {
      sql: `DELETE FROM ${quoted(table.name)} WHERE ${quoted(key.name)} = ?`,
      params: [paramOf(counter)],
    },
  ];
}
