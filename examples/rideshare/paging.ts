// Reads a whole list however long it is: page by page in the order of a key, each page starting after the last one's end.
// The service bounds an answer by its bytes; where names are so long that a page is too large, smaller pages are asked for.
import type { Dbaas } from "../../client/client.ts";
import type { Sql, SqlValue } from "../../client/types.ts";
import { limits } from "./limits.ts";
import { type Deadline, type Freshness, readFresh } from "./reading.ts";
import { isTooLarge } from "./refusals.ts";
import type { Row } from "./rows.ts";

/** All names are this application's own: what clients send is only ever a value. */
export interface List {
  readonly table: string;
  readonly columns: readonly string[];
  readonly equals?: Readonly<Record<string, string | number>>;
  /** Unique, and one of the columns. */
  readonly key: string;
}

/** What each column equals, or comes after. */
type Conditions = Readonly<Record<string, string | number | { readonly ">": SqlValue }>>;

/** PURE: the conditions of the page that follows `last`. */
export function pageWhere({ equals = {}, key }: List, last: Row | undefined): Conditions {
  const after = last?.[key];
  return after === undefined || after === null ? equals : { ...equals, [key]: { ">": after } };
}

/** PURE: the page of `limit` rows that follows `last`, as SQL. */
function pageQuery(list: List, last: Row | undefined, limit: number): Sql {
  const { table, columns, key } = list;
  const conditions = Object.entries(pageWhere(list, last));
  const tests = conditions.map(([column, value]) => `${column} ${typeof value === "object" ? ">" : "="} ?`);
  const params = conditions.map(([, value]) => (typeof value === "object" ? value[">"] : value));
  const where = tests.length === 0 ? "" : ` WHERE ${tests.join(" AND ")}`;
  const sql = `SELECT ${columns.join(", ")} FROM ${table}${where} ORDER BY ${key} LIMIT ?`;
  return { sql, params: [...params, limit] };
}

export async function readAll(
  database: Dbaas,
  list: List,
  freshness: Freshness,
  deadline: Deadline,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let limit: number = limits.pageRowsMax;
  let wanted = freshness;
  for (;;) {
    try {
      const query = pageQuery(list, rows.at(-1), limit);
      const page = await readFresh(database, query, wanted, deadline);
      rows.push(...page);
      if (page.length < limit) return rows;
      // What the first page has seen, the next ones see too.
      wanted = { atLeast: database.seen };
    } catch (error) {
      if (!isTooLarge(error) || limit === 1) throw error;
      limit = Math.ceil(limit / 2);
    }
  }
}
