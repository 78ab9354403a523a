// A write that is one statement has no savepoint: SQLite itself undoes what a failed statement had done, and each call to it is a way to
// another thread and back, which a commit waits for.
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { checksumOf } from "../../../../core/log/record.ts";
import type { WriteStatement } from "../../../../core/messages/statement.ts";
import type { Store } from "../../../../worker/copy/store.ts";
import type { Connection, Disk, SqlValue } from "../../../../worker/disk.ts";
import { InterruptedError, OutOfMemoryError, StorageFullError } from "../../../../worker/sqlite-errors.ts";
import { systemDisk } from "../../../../worker/system-disk.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { committed, parsed, unlimited } from "../../../fakes/commits.ts";
import { insertion, openCopy } from "../copies.ts";
import { shop } from "../schemas.ts";

/** What is asked of a copy's writer, by the first words, and what happens before it. */
interface Noted {
  readonly calls: string[];
  before: (params: string) => Promise<void>;
}

async function opened(t: TestContext): Promise<{ readonly store: Store; readonly writer: Noted }> {
  const writer: Noted = { calls: [], before: async () => undefined };
  const noting = (connection: Connection): Connection =>
    new Proxy(connection, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (name !== "exec" && name !== "run" && name !== "all")
          return typeof value === "function" ? value.bind(target) : value;
        return async (sql: string, ...params: readonly SqlValue[]) => {
          writer.calls.push(/^\s*(\w+)/.exec(sql)?.[1] ?? sql);
          await writer.before(name === "exec" ? sql : params.join());
          return name === "exec" ? target.exec(sql) : target[name](sql, ...params);
        };
      },
    });
  const disk: Disk = {
    ...systemDisk,
    openConnection: async (file, mode) => {
      const connection = await systemDisk.openConnection(file, mode);
      return mode === "write" ? noting(connection) : connection;
    },
  };
  return { store: await openCopy(t, shop, { disk }), writer };
}

let made = 0;
async function commit(store: Store, ...statements: readonly WriteStatement[]) {
  const writes = statements.map(({ shape, rows }) => {
    made += 1;
    return { shape, message: `api-${made}`, item: { index: made, shape: 0, rows, key: `api-${made}#0` } };
  });
  const input = { writes, chores: [], epoch: 1, atMs: 1_000, logMs: 1_000, limits: unlimited };
  const append = async (content: Buffer) => ({ offset: 100 + made, checksum: checksumOf(content) });
  return parsed(await committed(ledgerOf(store), input, append));
}

const person = (name: string, mail: string | null = null) =>
  insertion("people", ["name", "mail"], [name, mail]);
const mailOfAll = (mail: string): WriteStatement => ({
  shape: { kind: "update", table: "people", set: ["mail"], where: { op: "const", value: true } },
  rows: [[mail]],
});

const full = new StorageFullError("the disk is full");

/** SQLite undoes the whole transaction with the statement whose values have this word, as when its memory comes to an end. */
const greedy = "greedy";
function loseTransaction(writer: Noted, store: Store, error: Error): void {
  writer.before = async (text) => {
    if (!text.includes(greedy)) return;
    await store.writer.exec("ROLLBACK");
    throw error;
  };
}
const noMemory = new OutOfMemoryError("no memory left");

async function mailsOf(store: Store): Promise<readonly (readonly unknown[])[]> {
  const rows = await store.writer.all("SELECT name, mail FROM people ORDER BY name");
  return rows.map(({ name, mail }) => [name, mail]);
}

/** Of three writes the second is refused, and only the others are in the file, beside what was there. */
async function goesWithoutTheGreedy(store: Store): Promise<void> {
  await commit(store, person("old"));
  const results = await commit(store, person("ada"), mailOfAll(greedy), person("bob"));
  assert.deepEqual(
    results.map(({ ok }) => ok),
    [true, false, true],
  );
  assert.deepEqual(await mailsOf(store), [
    ["ada", null],
    ["bob", null],
    ["old", null],
  ]);
}

/** Else SQLite refuses to begin one. */
async function nothingIsOpen(store: Store): Promise<void> {
  await store.writer.exec("BEGIN");
  await store.writer.exec("ROLLBACK");
}

describe("a commit", () => {
  it("of inserts of one shape, however many, asks five things of SQLite", async (t) => {
    const { store, writer } = await opened(t);
    for (const names of [["a"], ["b", "c", "d"]]) {
      // What was compiled once is known the second time, and whether triggers may go off as well.
      await commit(store, ...names.map((name) => person(`${name}1`)));
      writer.calls.length = 0;
      await commit(store, ...names.map((name) => person(`${name}2`)));
      assert.deepEqual([...writer.calls].sort(), ["BEGIN", "INSERT", "INSERT", "INSERT", "SELECT"]);
    }
  });

  it("asks for a savepoint where a write is more than one statement", async (t) => {
    const { store, writer } = await opened(t);
    await commit(store, { shape: { kind: "clear" }, rows: [] });
    assert.ok(writer.calls.includes("SAVEPOINT"));
  });

  it("keeps nothing of a statement that fails at a later row, and all that stands beside it", async (t) => {
    const { store } = await opened(t);
    await commit(store, person("ada", "a@x"), person("bob", "b@x"), person("eve", "e@x"));
    const results = await commit(store, person("fay"), mailOfAll("same"), person("bob"), person("gil"));
    assert.deepEqual(
      results.map(({ ok, code }) => [ok, code]),
      [
        [true, undefined],
        [false, "constraint_violation"],
        [false, "constraint_violation"],
        [true, undefined],
      ],
    );
    assert.deepEqual(await mailsOf(store), [
      ["ada", "a@x"],
      ["bob", "b@x"],
      ["eve", "e@x"],
      ["fay", null],
      ["gil", null],
    ]);
  });

  it("goes without those writes with which SQLite undoes the whole of it", async (t) => {
    const { store, writer } = await opened(t);
    loseTransaction(writer, store, noMemory);
    await goesWithoutTheGreedy(store);
  });

  it("asks for a savepoint where an upsert may skip rows, and where triggers of clients may go off", async (t) => {
    const { store, writer } = await opened(t);
    const { shape, rows } = person("ada");
    const upsert = { shape: { ...shape, onConflict: "update" } as WriteStatement["shape"], rows };
    await commit(store, upsert, { ...upsert, rows: person("bob").rows });
    assert.ok(writer.calls.includes("SAVEPOINT"));
    const trigger = "CREATE TRIGGER further AFTER INSERT ON people BEGIN SELECT 1; END";
    await commit(store, { shape: { kind: "sql", sql: trigger, schema: true }, rows: [[]] });
    writer.calls.length = 0;
    await commit(store, person("eve"));
    assert.ok(writer.calls.includes("SAVEPOINT"));
  });

  it("is over, with nothing changed, when a statement of several requests takes the transaction with it", async (t) => {
    for (const error of [noMemory, new InterruptedError("interrupted"), full]) {
      const { store, writer } = await opened(t);
      await commit(store, person("old"));
      loseTransaction(writer, store, error);
      const made = commit(store, mailOfAll("new"), person("ada"), person(greedy));
      if (error !== full) await assert.rejects(made, error);
      else assert.ok((await made).every(({ code }) => code === "storage_full"));
      await nothingIsOpen(store);
      assert.deepEqual(await mailsOf(store), [["old", null]]);
    }
  });

  it("goes without them, too, when SQLite does not say whether there still is a transaction", async (t) => {
    const { store, writer } = await opened(t);
    loseTransaction(writer, store, noMemory);
    const { before } = writer;
    writer.before = async (text) => {
      if (text === "BEGIN") throw noMemory;
      await before(text);
    };
    await goesWithoutTheGreedy(store);
  });

  it("leaves no transaction open when the keys cannot be looked up, and refuses all where there is no room", async (t) => {
    for (const error of [new Error("the file cannot be read"), full]) {
      const { store, writer } = await opened(t);
      writer.before = async (text) => {
        if (text.includes("api-")) throw error;
      };
      const made = commit(store, person("ada"), person("bob"));
      if (error !== full) await assert.rejects(made, error);
      else assert.ok((await made).every(({ code }) => code === "storage_full"));
      await nothingIsOpen(store);
    }
  });
});
