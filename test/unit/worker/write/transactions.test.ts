// A client's transaction at its master: trials that leave nothing, and a commit that stays only if all is as the client saw it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type BatchRecord, checksumOf, decodeRecord } from "../../../../core/log/record.ts";
import type { Param, Transaction } from "../../../../core/messages/statement.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import { describeSql, runSql } from "../../../../worker/sql/run-sql.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { committed, parsed, unlimited } from "../../../fakes/commits.ts";
import { openCopy } from "../copies.ts";
import { shop } from "../schemas.ts";

interface Step {
  readonly sql: string;
  readonly params?: readonly Param[];
  readonly reads?: true;
  readonly gave?: string;
}

interface Result {
  readonly gave: string;
  readonly rows?: readonly unknown[];
  readonly readonly?: boolean;
  readonly error?: { readonly sqlite: string };
}

const atMs = Date.UTC(2026, 0, 2);
let made = 0;

class Client {
  readonly #store: Store;
  readonly records: BatchRecord[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  async send(steps: readonly Step[], trial: Transaction["trial"] | undefined, key?: string) {
    made += 1;
    const parts = steps.map(({ sql, reads, gave }) => ({
      shape: { kind: "sql", sql } as const,
      rows: 1,
      ...(reads === undefined ? {} : { reads }),
      ...(gave === undefined ? {} : { gave }),
    }));
    const transaction = { atMs: 77, seed: "s", ...(trial === undefined ? {} : { trial }) };
    const rows = steps.map(({ params = [] }) => params);
    const item = { index: 0, shape: 0, rows, key: key ?? `api-${made}#0` };
    const write = { shape: { kind: "batch", parts, transaction } as const, message: `api-${made}`, item };
    const input = { writes: [write], chores: [], epoch: 1, atMs, logMs: 1, limits: unlimited };
    const [outcome] = parsed(
      await committed(ledgerOf(this.#store), input, async (content) => {
        this.records.push(decodeRecord(content) as BatchRecord);
        return { offset: 100 + this.records.length, checksum: checksumOf(content) };
      }),
    );
    return outcome as {
      readonly ok: boolean;
      readonly results: Result[];
      readonly sqlite?: string;
      readonly field?: string;
    };
  }

  /** As the API does it: each statement in a trial with those before it. */
  async saw(...steps: readonly Step[]): Promise<readonly (Step & { readonly gave: string })[]> {
    const seen: (Step & { readonly gave: string })[] = [];
    for (const step of steps) {
      const { results } = await this.send([...seen, step], { minPosition: 1 });
      seen.push({ ...step, gave: results.at(-1)?.gave ?? assert.fail() });
    }
    return seen;
  }

  async names(): Promise<readonly unknown[]> {
    return (await this.#store.writer.all("SELECT name FROM people ORDER BY name")).map(({ name }) => name);
  }
}

const client = async (t: Parameters<typeof openCopy>[0]) => {
  const store = await openCopy(t, shop);
  return { store, client: new Client(store) };
};

const insert = (name: string): Step => ({
  sql: "INSERT INTO people (name) VALUES (?) RETURNING name, random() AS r",
  params: [name],
});
const count: Step = {
  sql: "SELECT count(*) AS n, unixepoch('subsec') * 1000 AS at FROM people",
  reads: true,
};

describe("a transaction at its master", () => {
  it("sees its own changes in trials, which leave nothing behind", async (t) => {
    const { client: one } = await client(t);
    const { results } = await one.send([insert("ada"), count], { minPosition: 1 });
    assert.deepEqual(results[1]?.rows, [[1, 77]]);
    assert.deepEqual([results[0]?.readonly, results[1]?.readonly], [false, true]);
    assert.deepEqual([await one.names(), one.records], [[], []]);
  });

  it("is committed once, with what its client saw, chance included", async (t) => {
    const { client: one } = await client(t);
    const steps = await one.saw(insert("ada"), count, insert("bob"));
    const outcome = await one.send(steps, undefined, "c:tx");
    assert.deepEqual(outcome, { ok: true, rowsAffected: 2, results: [null, null, null], position: 2 });
    assert.deepEqual(await one.send(steps, undefined, "c:tx"), outcome);
    assert.deepEqual([await one.names(), one.records.length], [["ada", "bob"], 1]);
    assert.equal(one.records[0]?.effects.length, 2);
  });

  it("is undone, and told so, when data that it saw was changed meanwhile", async (t) => {
    const { client: one } = await client(t);
    const steps = await one.saw(count, insert("ada"));
    await one.send([insert("zoe")], undefined);
    for (const trial of [{ minPosition: 1 }, undefined]) {
      const { ok, sqlite, field } = await one.send(steps, trial);
      assert.deepEqual([ok, sqlite, field], [false, "SQLITE_BUSY", "statements[0]"]);
    }
    assert.deepEqual(await one.names(), ["zoe"]);
  });

  it("goes on behind a statement that failed, and expects it to fail again", async (t) => {
    const { client: one } = await client(t);
    await one.send([insert("ada")], undefined);
    const failing: Step = { sql: "INSERT OR FAIL INTO people (name) VALUES ('new'), ('ada')" };
    const { results } = await one.send([failing, insert("bob")], { minPosition: 1 });
    assert.equal(results[0]?.error?.sqlite, "SQLITE_CONSTRAINT_PRIMARYKEY");
    const steps = await one.saw(failing, insert("bob"));
    assert.equal((await one.send(steps, undefined)).ok, true);
    assert.deepEqual(await one.names(), ["ada", "bob"]);
  });

  it("sent whole is undone with the first statement that fails, which is named", async (t) => {
    const { client: one } = await client(t);
    const { ok, field, sqlite } = await one.send(
      [insert("ada"), { sql: "INSERT INTO nowhere VALUES (1)" }],
      undefined,
    );
    assert.deepEqual([ok, field, sqlite], [false, "statements[1].sql", "SQLITE_ERROR"]);
    assert.deepEqual(await one.names(), []);
  });

  it("is not tried by a master that has not all that its client may have seen", async (t) => {
    const { client: one } = await client(t);
    const { ok } = await one.send([count], { minPosition: 9 });
    assert.equal(ok, false);
  });
});

describe("a statement that is described", () => {
  it("is compiled and not run", async (t) => {
    const { store, client: one } = await client(t);
    const { text } = await describeSql(
      store.writer,
      { kind: "sql", sql: "INSERT INTO people (name, age) VALUES (:name, ?) RETURNING name AS n" },
      10_000,
    );
    assert.deepEqual(JSON.parse(`{${text}}`), {
      params: [{ name: ":name" }, { name: null }],
      columns: [{ name: "n", type: "TEXT" }],
      explain: false,
      readonly: false,
    });
    assert.deepEqual(await one.names(), []);
    await assert.rejects(
      describeSql(store.writer, { kind: "sql", sql: "SELECT * FROM nowhere" }, 10_000),
      /no such table/,
    );
    await assert.rejects(
      describeSql(store.writer, { kind: "sql", sql: "SELECT key FROM _dbaas_keys" }, 10_000),
      /no table/,
    );
    const call = { mayWrite: false, atMs, bytesMax: 1_000, rowsMax: 1 };
    await assert.rejects(
      runSql(store.writer, { kind: "sql", sql: "SELECT dbaas_describe('', 1, 0)" }, [], call),
      /not to be had/,
    );
  });
});
