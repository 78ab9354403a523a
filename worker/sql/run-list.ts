// Runs several statements of clients in one call, through the extension (`worker/sqlite-extension/dbaas.c`): the way from JavaScript to
// SQLite's thread and back takes several times as long as a statement that finds its row by a key.
import { statementLimits } from "../../core/messages/statement.ts";
import type { Connection } from "../disk.ts";
import { InterruptedError, OutOfMemoryError } from "../sqlite-errors.ts";
import { field, modes, resultOf, type SqlResult } from "./run-sql.ts";

/** It writes, or reads, and does not change the schema. */
export interface ListedStatement {
  readonly sql: string;
  /** Of `paramsText`. */
  readonly params: string;
  /** As in `SqlCall`. */
  readonly atMs: number;
  readonly seed?: string | undefined;
}

/** What came of one. @throws as `runSql` does */
export type ListedResult = () => SqlResult;

export const listLimits = {
  statementsMax: 256,
  /** No further statement is put on a list, or begun, behind so many. */
  charactersEnough: 512 * 1024,
  answerBytesEnough: 512 * 1024,
} as const;

/** A statement of a list was interrupted, or ran out of memory: the transaction may be gone. */
export class EndedListError extends Error {
  override readonly name = "EndedListError";
  /** How many statements had been done before it. */
  readonly reached: number;
  override readonly cause: InterruptedError | OutOfMemoryError;

  constructor(reached: number, cause: InterruptedError | OutOfMemoryError) {
    super("a statement of a list took more than it may");
    this.reached = reached;
    this.cause = cause;
  }
}

/** The first of the statements, as the extension reads them: as many as one call may have. */
function listText(statements: readonly ListedStatement[]): string {
  const numbers = new Map<string, number>();
  let text = "";
  let last: Partial<ListedStatement> = {};
  for (const { sql, params, atMs, seed } of statements.slice(0, listLimits.statementsMax)) {
    if (text.length > listLimits.charactersEnough) break;
    if (sql !== last.sql) {
      const number = numbers.get(sql);
      text += number === undefined ? field("q", sql) : field("u", String(number));
      if (number === undefined) numbers.set(sql, numbers.size);
    }
    if (atMs !== last.atMs) text += field("a", String(Math.trunc(atMs)));
    if (seed !== undefined) text += field("c", seed);
    text += field("r", params);
    last = { sql, atMs };
  }
  return text;
}

/**
 * @param list one statement at least
 * @param apart each is kept, or undone, by itself: with one that is refused, or that leaves a reference to a row that is not there, the
 * list goes on. Without it the first that is refused ends the list, and what is left of it is for the caller to undo.
 * @param longPatterns as in `SqlCall`
 * @returns what came of the first of them, one at least: the call may have ended before the list
 * @throws EndedListError
 */
export async function runSqlList(
  connection: Connection,
  list: readonly ListedStatement[],
  { apart, longPatterns }: { readonly apart: boolean; readonly longPatterns?: true },
): Promise<readonly ListedResult[]> {
  const { rowsMax, writtenAnswerBytesMax } = statementLimits;
  const [row] = await connection
    .all(
      "SELECT dbaas_run_list(?1, ?2, ?3, ?4, ?5, ?6) AS results",
      listText(list),
      modes.writes + (apart ? modes.apart : 0) + (longPatterns === true ? modes.longPatterns : 0),
      writtenAnswerBytesMax,
      rowsMax,
      connection.callMs,
      listLimits.answerBytesEnough,
    )
    .catch(async (error) => {
      const isOfOne = error instanceof InterruptedError || error instanceof OutOfMemoryError;
      const known = isOfOne ? await reached(connection).catch(() => undefined) : undefined;
      throw known === undefined ? error : new EndedListError(known, error);
    });
  const lines = String(row?.results).split("\n");
  const results: ListedResult[] = [];
  // Two for each, and nothing behind the last line break.
  for (let i = 0; i + 2 < lines.length; i += 2)
    results.push(() => resultOf(lines[i] ?? "", lines[i + 1] ?? ""));
  if (results.length === 0) throw new Error("a list of statements came to nothing");
  return results;
}

/** @returns undefined when no statement had been begun */
async function reached(connection: Connection): Promise<number | undefined> {
  const [row] = await connection.all("SELECT dbaas_reached() AS reached");
  return typeof row?.reached === "number" ? row.reached : undefined;
}
