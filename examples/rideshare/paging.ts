// Reads a whole list however long it is: page by page in the order of a key, each page starting after the last one's end.
// The service bounds an answer by its bytes; where names are so long that a page is too large, smaller pages are asked for.
import type { Dbaas } from "../../client/client.ts";
import type { Row, Where } from "../../client/types.ts";
import { limits } from "./limits.ts";
import { type Deadline, type Freshness, readFresh } from "./reading.ts";
import { isTooLarge } from "./refusals.ts";

export interface List {
  readonly table: string;
  readonly columns: readonly string[];
  readonly equals?: Readonly<Record<string, string | number>>;
  /** Unique, and one of the columns. */
  readonly key: string;
}

/** PURE: the condition of the page that follows `last`. */
export function pageWhere({ equals = {}, key }: List, last: Row | undefined): Where {
  const after = last?.[key];
  return after === undefined || after === null ? equals : { ...equals, [key]: { ">": after } };
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
    const { table, columns, key } = list;
    const where = pageWhere(list, rows.at(-1));
    try {
      const query = { table, columns, where, orderBy: [key], limit };
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
