// SQL of one request, several statements in one call, for a call costs more than most statements do. What comes of each is taken up in its
// turn, as if it had been carried out then: the first that fails is the last of its call, and all of the request is undone with it.
import type { SqlShape } from "../../core/messages/statement.ts";
import type { Connection } from "../disk.ts";
import {
  EndedListError,
  type ListedResult,
  type ListedStatement,
  listLimits,
  runSqlList,
} from "../sql/run-list.ts";
import type { SqlResult } from "../sql/run-sql.ts";
import { errorOfSql } from "../sqlite-errors.ts";
import { referencesAsked } from "./references.ts";

/** Whether it can be carried out in one call with others: it changes no schema, and nothing holds for it alone. */
export const isListed = (shape: SqlShape): boolean =>
  shape.schema !== true && referencesAsked(shape) === undefined;

export interface ListedPart extends ListedStatement {
  readonly seed: string;
  /** Nothing behind it is begun before it was looked at what came of it. */
  readonly isLast: boolean;
}

interface Taken {
  readonly part: ListedPart;
  readonly result: SqlResult;
}

export class ListedParts {
  readonly #writer: Connection;
  readonly #partAt: (index: number) => ListedPart | undefined;
  /** Carried out, and not taken up yet. */
  #ahead: { readonly part: ListedPart; readonly result: ListedResult }[] = [];

  /** @param partAt the statement with this index; undefined for one that is carried out by itself, and behind the last */
  constructor(writer: Connection, partAt: (index: number) => ListedPart | undefined) {
    this.#writer = writer;
    this.#partAt = partAt;
  }

  /**
   * @param index one more than that before it
   * @returns undefined where it is to be carried out by itself
   * @throws as `runSql` does with these `bytesMax`
   */
  async take(index: number, bytesMax: number): Promise<Taken | undefined> {
    if (this.#ahead.length === 0) this.#ahead = await this.#carriedOut(this.#from(index));
    const next = this.#ahead.shift();
    if (next === undefined) return undefined;
    const { part } = next;
    const result = next.result();
    if (Buffer.byteLength(result.text) > bytesMax) throw tooLarge(bytesMax);
    return { part, result };
  }

  #from(first: number): readonly ListedPart[] {
    const { statementsMax, charactersEnough } = listLimits;
    const list: ListedPart[] = [];
    let characters = 0;
    while (list.length < statementsMax && characters <= charactersEnough && list.at(-1)?.isLast !== true) {
      const part = this.#partAt(first + list.length);
      if (part === undefined) break;
      // The same text again is sent as its number.
      characters += part.params.length + (part.sql === list.at(-1)?.sql ? 0 : part.sql.length);
      list.push(part);
    }
    return list;
  }

  async #carriedOut(list: readonly ListedPart[]) {
    if (list.length < 2) return [];
    const results = await runSqlList(this.#writer, list, { apart: false }).catch((error) => {
      // Which one it was changes nothing: the request is interrupted as a whole.
      throw error instanceof EndedListError ? error.cause : error;
    });
    return results.map((result, i) => ({ part: list[i] as ListedPart, result }));
  }
}

const tooLarge = (bytesMax: number): unknown =>
  errorOfSql(18, "SQLITE_TOOBIG", `the answer has more than ${bytesMax} bytes`);
