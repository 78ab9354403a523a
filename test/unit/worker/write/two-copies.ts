// A master that carries out writes, and a copy that applies what stands in its log: they must be equal after each commit.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { type BatchRecord, checksumOf, decodeRecord } from "../../../../core/log/record.ts";
import {
  changesSchema,
  type Param,
  type Part,
  type PartShape,
  type WriteStatement,
} from "../../../../core/messages/statement.ts";
import type { Schema } from "../../../../core/schema.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import type { Chore } from "../../../../worker/write/draft.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { committed, parsed, unlimited } from "../../../fakes/commits.ts";
import { contentsOf, entry, openCopy } from "../copies.ts";

export const atMs = Date.UTC(2026, 0, 2, 3, 4, 5);

/** As the API marks it. */
export function sql(text: string, ...params: readonly Param[]): WriteStatement {
  const defines = /^(?:CREATE|ALTER|DROP)/.test(text);
  return { shape: { kind: "sql", sql: text, ...(defines ? { schema: true } : {}) }, rows: [params] };
}

export const together = (...statements: readonly WriteStatement[]): WriteStatement => ({
  shape: {
    kind: "batch",
    parts: statements.map(({ shape, rows }): Part => ({ shape: shape as PartShape, rows: rows.length })),
  },
  rows: statements.flatMap(({ rows }) => rows),
});

export class TwoCopies {
  readonly master: Store;
  readonly slave: Store;
  last: BatchRecord | undefined;
  #requests = 0;
  #offset = 1;

  private constructor(master: Store, slave: Store) {
    this.master = master;
    this.slave = slave;
  }

  static async open(t: TestContext, schema: Schema): Promise<TwoCopies> {
    return new TwoCopies(await openCopy(t, schema), await openCopy(t, schema));
  }

  async commit(...statements: readonly WriteStatement[]) {
    return this.commitAfter([], ...statements);
  }

  /** In one commit, behind the chores. */
  async commitAfter(chores: readonly Chore[], ...statements: readonly WriteStatement[]) {
    const writes = statements.map(({ shape, rows }) => {
      this.#requests += 1;
      const message = `api-${this.#requests}`;
      return { shape, message, item: { index: 0, shape: 0, rows, key: `${message}#0` } };
    });
    const input = { writes, chores, epoch: 1, atMs, logMs: 1, limits: unlimited };
    const outcomes = await committed(ledgerOf(this.master), input, async (content) => {
      const record = decodeRecord(content) as BatchRecord;
      this.last = record;
      this.#offset += 1;
      await this.slave.apply([entry(this.#offset, record)]);
      return { offset: this.#offset, checksum: checksumOf(content) };
    });
    assert.deepEqual(await contentsOf(this.slave), await contentsOf(this.master));
    return parsed(outcomes);
  }

  /** Each is carried out, or the test fails. */
  async done(...statements: readonly WriteStatement[]) {
    const results = await this.commit(...statements);
    for (const [i, result] of results.entries())
      assert.equal(result.ok, true, `${JSON.stringify(statements[i]?.shape)}: ${JSON.stringify(result)}`);
    return results;
  }

  async refused(statement: WriteStatement, message: RegExp, code = "bad_request") {
    const [result] = await this.commit(statement);
    assert.deepEqual([result?.ok, result?.code], [false, code], JSON.stringify([statement.shape, result]));
    assert.match(result?.message, message);
    if (changesSchema(statement.shape)) assert.equal(this.last?.effects.length, 0);
  }

  async rows(text: string): Promise<readonly (readonly unknown[])[]> {
    return (await this.master.writer.all(text)).map((row) => Object.values(row));
  }
}
