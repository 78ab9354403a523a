// SQL of a client on a copy that a test file shares.
import assert from "node:assert/strict";
import { before } from "node:test";
import { Refusal } from "../../../../core/errors.ts";
import type { Param } from "../../../../core/messages/statement.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import { runSql, type SqlCall } from "../../../../worker/sql/run-sql.ts";
import { openCopy, undoneAfterwards } from "../copies.ts";
import { shop } from "../schemas.ts";

export const atMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
export const call: SqlCall = { mayWrite: false, atMs, bytesMax: 100_000, rowsMax: 1_000 };

/** A copy that is there while the file's tests run. */
export function sqlOnACopy() {
  const undoing = undoneAfterwards();
  let opened: Store | undefined;
  before(async () => {
    opened = await openCopy(undoing, shop);
  });
  const store = (): Store => opened ?? assert.fail("not open yet");
  const run = async (sql: string, params: readonly Param[] = [], more: Partial<SqlCall> = {}) => {
    const result = await runSql(store().writer, { kind: "sql", sql }, params, { ...call, ...more });
    const { columns, rows } = JSON.parse(`{${result.text}}`);
    return { ...result, columns, rows };
  };
  const row = async (sql: string, params: readonly Param[] = []) => (await run(sql, params)).rows[0];
  const write = (sql: string, params: readonly Param[] = [], seed = "seed") =>
    run(sql, params, { mayWrite: true, seed });
  return { store, run, row, write };
}

export const refused = (promise: Promise<unknown>, code: string, sqlite: string, message: RegExp) =>
  assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.deepEqual([error.code, error.sqlite], [code, sqlite], error.message);
    assert.match(error.message, message);
    return true;
  });
