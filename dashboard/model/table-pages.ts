// PURE: a table's rows page by page, in the order of its key. Pages begin behind a row's key, not at a number of rows: the last
// page of a large table costs as much as its first, and rows that come or go meanwhile shift nothing.
import { type SqlToken, sqlTokens } from "../../core/sql/tokens.ts";
import type { SqlTable, SqlValue } from "./sql-answer.ts";

export interface TableEntry {
  readonly name: string;
  readonly type: string;
  /** How it was made. */
  readonly sql: string;
}

/** What a table's rows are told apart by. A view has nothing of the kind: its pages are counted. */
export type RowKey =
  | { readonly kind: "rowid"; readonly alias: string }
  | { readonly kind: "columns"; readonly names: readonly string[] }
  | { readonly kind: "none" };

export type Page =
  | { readonly kind: "first" | "last" }
  | { readonly kind: "after" | "before"; readonly key: readonly SqlValue[]; readonly offset: number };

export interface Query {
  readonly sql: string;
  readonly params: readonly unknown[];
}

/** `_` stands for any character in LIKE. */
export const tablesQuery: Query = {
  sql: String.raw`SELECT name, type, coalesce(sql, '') FROM sqlite_schema WHERE type IN ('table', 'view')
    AND name NOT LIKE '\_dbaas%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`,
  params: [],
};

export const tablesIn = ({ rows }: SqlTable): readonly TableEntry[] =>
  rows.map((row) => {
    const [name = "", type = "", sql = ""] = row.map((value) => (value.kind === "null" ? "" : value.text));
    return { name, type, sql };
  });

export const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const countQuery = ({ name }: TableEntry): Query => ({
  sql: `SELECT count(*) FROM ${quotedName(name)}`,
  params: [],
});

/** One row more than is shown: whether there are more. */
export function pageQuery({ name }: TableEntry, key: RowKey, page: Page, size: number): Query {
  const from = `FROM ${quotedName(name)}`;
  if (key.kind === "none") {
    const offset = page.kind === "after" || page.kind === "before" ? page.offset : 0;
    return { sql: `SELECT * ${from} LIMIT ${size + 1} OFFSET ${offset}`, params: [] };
  }
  const names = key.kind === "rowid" ? [key.alias] : key.names.map(quotedName);
  const backwards = page.kind === "last" || page.kind === "before";
  const bounded = page.kind === "after" || page.kind === "before" ? page.key : [];
  const places = bounded.map(() => "?").join(", ");
  const where =
    bounded.length === 0 ? "" : ` WHERE (${names.join(", ")}) ${backwards ? "<" : ">"} (${places})`;
  const order = names.map((one) => (backwards ? `${one} DESC` : one)).join(", ");
  const selected = key.kind === "rowid" ? `${key.alias}, *` : "*";
  return {
    sql: `SELECT ${selected} ${from}${where} ORDER BY ${order} LIMIT ${size + 1}`,
    params: bounded.map(paramOf),
  };
}

/** As a request writes it, with all its digits. */
function paramOf(value: SqlValue): unknown {
  switch (value.kind) {
    case "null":
      return null;
    case "integer":
      return { integer: value.text };
    case "real":
      return { real: value.text };
    case "text":
      return value.text;
    case "blob":
      return { base64: value.text };
  }
}

export interface ShownPage extends SqlTable {
  /** The keys of its first and its last row; empty without rows. */
  readonly firstKey: readonly SqlValue[];
  readonly lastKey: readonly SqlValue[];
  readonly offset: number;
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
}

export function shownPage(answer: SqlTable, key: RowKey, page: Page, size: number): ShownPage {
  const backwards = key.kind !== "none" && (page.kind === "last" || page.kind === "before");
  const more = answer.rows.length > size;
  const cut = answer.rows.slice(0, size);
  const inOrder = backwards ? cut.toReversed() : cut;
  const keyOf = (row: readonly SqlValue[] | undefined) => (row === undefined ? [] : keyIn(answer, key, row));
  // The number of a row stands before its columns.
  const hidden = key.kind === "rowid" ? 1 : 0;
  const offset = page.kind === "after" || page.kind === "before" ? page.offset : 0;
  return {
    columns: answer.columns.slice(hidden),
    rows: inOrder.map((row) => row.slice(hidden)),
    firstKey: keyOf(inOrder[0]),
    lastKey: keyOf(inOrder.at(-1)),
    offset,
    hasBefore: key.kind === "none" ? offset > 0 : backwards ? more : page.kind === "after",
    hasAfter: backwards ? page.kind === "before" : more,
  };
}

function keyIn({ columns }: SqlTable, key: RowKey, row: readonly SqlValue[]): readonly SqlValue[] {
  if (key.kind === "none") return [];
  if (key.kind === "rowid") return row.slice(0, 1);
  return key.names.map((name) => {
    const place = columns.findIndex((column) => sameName(column.name, name));
    return row[place] ?? { kind: "null" };
  });
}

const sameName = (one: string, other: string): boolean => one.toUpperCase() === other.toUpperCase();

/** The key as the table's definition tells it. */
export function rowKeyOf({ type, sql }: TableEntry): RowKey {
  if (type !== "table") return { kind: "none" };
  const tokens = [...sqlTokens(sql)].filter(({ kind }) => kind !== "space");
  const { items, options } = partsOf(tokens, sql);
  if (!/\bWITHOUT ROWID\b/.test(options)) {
    const words = new Set(tokens.map((token) => nameOf(token, sql).toUpperCase()));
    // A column may have taken the name.
    const alias = ["rowid", "_rowid_", "oid"].find((name) => !words.has(name.toUpperCase()));
    return alias === undefined ? { kind: "none" } : { kind: "rowid", alias };
  }
  for (const item of items) {
    const names = primaryKeyIn(item, sql);
    if (names.length > 0) return { kind: "columns", names };
  }
  return { kind: "none" };
}

/** The columns and constraints of a definition, and what stands behind them. */
function partsOf(tokens: readonly SqlToken[], sql: string) {
  const items: SqlToken[][] = [[]];
  let options = "";
  let depth = 0;
  let closed = false;
  for (const token of tokens) {
    const text = sql.slice(token.from, token.to);
    if (closed) options += ` ${text.toUpperCase()}`;
    if (text === ")" && --depth === 0) closed = true;
    if (depth > 0 && !closed) {
      if (text === "," && depth === 1) items.push([]);
      else items.at(-1)?.push(token);
    }
    if (text === "(") depth++;
  }
  return { items, options };
}

/** Of `id INTEGER PRIMARY KEY`, or of `PRIMARY KEY (a, b)`. */
function primaryKeyIn(item: readonly SqlToken[], sql: string): readonly string[] {
  const texts = item.map(({ from, to }) => sql.slice(from, to));
  const upper = texts.map((text) => text.toUpperCase());
  const primary = upper.findIndex((text, i) => text === "PRIMARY" && upper[i + 1] === "KEY");
  const first = item[0];
  if (primary < 0 || first === undefined) return [];
  const isConstraint = primary === 0 || (upper[0] === "CONSTRAINT" && primary === 2);
  if (!isConstraint) return [nameOf(first, sql)];
  const end = texts.indexOf(")", primary);
  return item
    .slice(primary + 3, end)
    .filter((_, i, list) => i === 0 || sql.slice(list[i - 1]?.from, list[i - 1]?.to) === ",")
    .map((token) => nameOf(token, sql));
}

/** A name without its quotes. */
function nameOf({ kind, from, to }: SqlToken, sql: string): string {
  const text = sql.slice(from, to);
  if (kind !== "quoted") return text;
  const quote = text[0] ?? "";
  const inner = text.slice(1, -1);
  return quote === "[" ? inner : inner.replaceAll(quote + quote, quote);
}
