// PURE: which tables a master lets go of. The manifest made them and names them no longer; somebody wants to drop one. From then on it is
// SQL's, which can.
import type { TransactionPart, WriteShape } from "../messages/statement.ts";
import { findTable, type Schema, type Table } from "../schema.ts";
import { sqlTokens } from "../sql/tokens.ts";

/** What `shape` drops by DROP TABLE. */
function dropped(shape: WriteShape | TransactionPart["shape"]): readonly string[] {
  if (shape.kind === "batch") return shape.parts.flatMap((part) => dropped(part.shape));
  const name = shape.kind === "sql" ? droppedTable(shape.sql) : undefined;
  return name === undefined ? [] : [name];
}

/** @returns undefined for every other statement */
export function droppedTable(sql: string): string | undefined {
  const parts: string[] = [];
  for (const { kind, from, to } of sqlTokens(sql)) {
    if (kind === "semicolon" && parts.length > 0) break;
    if (kind !== "space" && kind !== "semicolon") parts.push(sql.slice(from, to));
    if (parts.length > partsMax) return undefined;
  }
  const [drop, table, ...behind] = parts;
  if (drop?.toUpperCase() !== "DROP" || table?.toUpperCase() !== "TABLE") return undefined;
  const isIfExists = behind.slice(0, 2).join(" ").toUpperCase() === "IF EXISTS";
  const [name, dot, inner] = isIfExists ? behind.slice(2) : behind;
  return unquoted(dot === "." ? inner : name);
}

/** DROP TABLE IF EXISTS main . name */
const partsMax = 7;

function unquoted(name: string | undefined): string | undefined {
  const quote = name?.[0] ?? "";
  if (name === undefined || !/["'`[]/.test(quote)) return name;
  const inside = name.slice(1, -1);
  return quote === "[" ? inside : inside.replaceAll(quote + quote, quote);
}

const lower = (name: string): string => name.toLowerCase();

/**
 * Those of the tables that these writes drop which are let go of: there, not named by the manifest, and referred to by none that stays.
 * @param have what the copy has of the manifest's tables, those among them that it no longer names
 */
export function released(shapes: readonly WriteShape[], have: Schema, want: Schema): readonly string[] {
  const names = new Set<string>();
  for (const shape of shapes) for (const name of dropped(shape)) names.add(lower(name));
  if (names.size === 0) return [];
  const wanted = new Set(want.tables.map(({ name }) => lower(name)));
  let going = have.tables.filter(({ name }) => names.has(lower(name)) && !wanted.has(lower(name)));
  for (;;) {
    const staying = have.tables.filter((table) => !going.includes(table));
    const free = going.filter(({ name }) => !staying.some((table) => refersTo(table, name)));
    if (free.length === going.length) return going.map(({ name }) => name);
    // One that stays may refer to others.
    going = free;
  }
}

const refersTo = ({ columns }: Table, name: string): boolean =>
  columns.some(({ references }) => references !== undefined && lower(references.table) === lower(name));

/** What is left of the manifest's tables. */
export const without = (schema: Schema, releases: readonly string[] = []): Schema =>
  releases.some((name) => findTable(schema, name) !== undefined)
    ? { tables: schema.tables.filter(({ name }) => !releases.includes(name)) }
    : schema;
