// A client of the libSQL protocol as these tests need one: it tells of each statement the first value, the number of rows that it
// changed, or the error's code.
import assert from "node:assert/strict";
import type { World } from "./world.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers of every form
export type Json = any;

export class Client {
  readonly #world: World;
  baton: string | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  async send(...requests: readonly unknown[]): Promise<Json[]> {
    const { status, text } = await this.#world.ask("/v3/pipeline", { baton: this.baton, requests });
    assert.equal(status, 200, text);
    const answer = JSON.parse(text);
    this.baton = answer.baton;
    return answer.results;
  }

  /** @returns the first value, how many rows were changed, or the error's code */
  async sql(sql: string): Promise<unknown> {
    const [result] = await this.send({ type: "execute", stmt: { sql } });
    return short(result?.type === "ok" ? result.response.result : null, result?.error);
  }

  async batch(...steps: readonly unknown[]): Promise<readonly unknown[]> {
    const [answer] = await this.send({ type: "batch", batch: { steps } });
    const { step_results: results, step_errors: errors } = answer.response.result;
    return results.map((result: Json, i: number) => short(result, errors[i]));
  }
}

const short = (result: Json, error: Json): unknown =>
  error?.code ?? (result === null ? null : (result.rows[0]?.[0].value ?? result.affected_row_count));

const ok = (step: number) => ({ type: "ok", step });
const not = (cond: unknown) => ({ type: "not", cond });
export const step = (sql: string, condition?: unknown) => ({ stmt: { sql }, condition });
/** As @libsql/client sends a batch. */
export const chain = (...statements: readonly string[]) => [
  step("BEGIN IMMEDIATE"),
  ...statements.map((sql, i) => step(sql, { type: "and", conds: [ok(i), not({ type: "is_autocommit" })] })),
  step("COMMIT", { type: "and", conds: [ok(statements.length), not({ type: "is_autocommit" })] }),
  step("ROLLBACK", not(ok(statements.length + 1))),
];
export const insert = (name: string) => `INSERT INTO people (name) VALUES ('${name}')`;
export const count = "SELECT count(*) FROM people";
