// What every ledger promises: the SQLite one that serves, and the one in memory with which the cluster is simulated.
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import { type BatchRecord, checksumOf, decodeRecord, encodeRecord } from "../../core/log/record.ts";
import type { Param, WriteShape } from "../../core/messages/statement.ts";
import type { Schema } from "../../core/schema.ts";
import type { Ledger, LogEntry } from "../../worker/ports.ts";
import { poisoned } from "../../worker/requests/deliveries.ts";
import type { PendingWrite } from "../../worker/write/draft.ts";
import { type Append, committed, parsed, unlimited } from "../fakes/commits.ts";

export const thingsSchema: Schema = {
  tables: [
    {
      name: "things",
      columns: [
        { name: "id", type: "text", notNull: true },
        { name: "value", type: "text" },
      ],
      primaryKey: ["id"],
    },
  ],
};

interface Request {
  readonly shape: WriteShape;
  readonly rows: readonly (readonly Param[])[];
}

const insert = { kind: "insert", table: "things", columns: ["id", "value"] } as const;
const add = (id: string, value: string): Request => ({ shape: insert, rows: [[id, value]] });
const set = (id: string, value: string): Request => ({
  shape: { ...insert, onConflict: "update" },
  rows: [[id, value]],
});
const remove = (id: string): Request => ({
  shape: { kind: "delete", table: "things", where: { op: "=", column: "id", param: 0 } },
  rows: [[id]],
});
const clear: Request = { shape: { kind: "clear" }, rows: [] };
const barrier: Request = { shape: { kind: "barrier" }, rows: [] };

const write = ({ shape, rows }: Request, key: string, hash?: string): PendingWrite => ({
  shape,
  message: "api-1",
  item: { index: 0, shape: 0, rows, key, ...(hash === undefined ? {} : { hash }) },
});

/** A log that takes everything, as a master of epoch 1 sees it. */
export class TakingLog {
  readonly entries: LogEntry[] = [];

  readonly append: Append = async (content) => {
    const checksum = checksumOf(content);
    const entry = { record: decodeRecord(content), offset: this.entries.length, checksum };
    this.entries.push(entry);
    return entry;
  };

  mark(epoch: number): LogEntry {
    const record = { kind: "marker", epoch, after: 0, master: "w-1", atMs: 0 } as const;
    const entry = { record, offset: this.entries.length, checksum: checksumOf(encodeRecord(record)) };
    this.entries.push(entry);
    return entry;
  }

  get last(): BatchRecord {
    return this.entries.at(-1)?.record as BatchRecord;
  }
}

/** A ledger of a master whose tables are made, at position 1. */
async function mastered(ledger: Ledger): Promise<TakingLog> {
  const log = new TakingLog();
  await ledger.apply([log.mark(1)]);
  const chore = { effect: { schema: thingsSchema }, onRefused: assert.fail };
  await committed(
    ledger,
    { writes: [], chores: [chore], epoch: 1, atMs: 0, logMs: 0, limits: unlimited },
    log.append,
  );
  return log;
}

async function commit(ledger: Ledger, log: TakingLog, ...writes: PendingWrite[]) {
  const results = await committed(
    ledger,
    { writes, chores: [], epoch: 1, atMs: 7, logMs: 7, limits: unlimited },
    log.append,
  );
  return parsed(results);
}

export type OpenLedger = (t: TestContext) => Promise<Ledger>;

export function ledgerContract(kind: string, open: OpenLedger): void {
  describe(`a ledger ${kind}`, () => {
    it("stands before the log at first, and goes with what is applied", async (t) => {
      const ledger = await open(t);
      assert.deepEqual(ledger.applied, { position: 0, epoch: 0, offset: -1, checksum: "" });
      const log = await mastered(ledger);
      const { offset, checksum } = log.entries[1] as LogEntry;
      assert.deepEqual(ledger.applied, { position: 1, epoch: 1, offset, checksum });
      assert.deepEqual(ledger.schema, thingsSchema);
    });

    it("answers each request of a commit, and puts them into one record with their keys", async (t) => {
      const ledger = await open(t);
      const log = await mastered(ledger);
      const results = await commit(
        ledger,
        log,
        write(add("a", "1"), "k1"),
        write(add("a", "2"), "k2"),
        write(set("a", "3"), "k3"),
      );
      assert.deepEqual(
        results.map(({ ok, position, rowsAffected, code, field }) => [
          ok,
          position,
          rowsAffected ?? code,
          field,
        ]),
        [
          [true, 2, 1, undefined],
          [false, 2, "constraint_violation", "id"],
          [true, 2, 1, undefined],
        ],
      );
      assert.deepEqual(
        log.last.keys.map(({ key, ok }) => [key, ok]),
        [
          ["k1", true],
          ["k2", false],
          ["k3", true],
        ],
      );
      assert.equal(ledger.applied.position, 2);
    });

    it("answers a key that comes again as before, in one commit or later, without a place in the log", async (t) => {
      const ledger = await open(t);
      const log = await mastered(ledger);
      const [first, twin] = await commit(ledger, log, write(add("a", "1"), "k"), write(add("a", "1"), "k"));
      assert.deepEqual(twin, first);
      const [again] = await commit(ledger, log, write(add("a", "1"), "k"));
      assert.deepEqual(again, first);
      assert.equal(ledger.applied.position, 2);
      assert.equal(log.entries.length, 3);
    });

    it("refuses a poisoned request untried, and whatever copy of it comes later", async (t) => {
      const ledger = await open(t);
      const log = await mastered(ledger);
      const one = write(add("a", "1"), "k1");
      const [good, bad] = await commit(ledger, log, write(add("b", "1"), "k0"), {
        ...one,
        refusal: poisoned,
      });
      assert.deepEqual([good?.ok, bad?.ok, bad?.code], [true, false, "poison_request"]);
      const [copy] = await commit(ledger, log, one);
      assert.deepEqual(copy, bad);
      assert.deepEqual(
        log.last.keys.map(({ key, ok }) => [key, ok]),
        [
          ["k0", true],
          ["k1", false],
        ],
      );
    });

    it("refuses a client's key for another request", async (t) => {
      const ledger = await open(t);
      const log = await mastered(ledger);
      await commit(ledger, log, write(add("a", "1"), "c:k", "h1"));
      const [other] = await commit(ledger, log, write(add("b", "1"), "c:k", "h2"));
      assert.equal(other?.code, "key_reused");
    });

    it("is as it was when the record does not come back", async (t) => {
      const ledger = await open(t);
      const log = await mastered(ledger);
      const before = ledger.applied;
      const failing: Append = () => Promise.reject(new Error("fenced"));
      const writes = [write(add("a", "1"), "k")];
      await assert.rejects(
        committed(ledger, { writes, chores: [], epoch: 1, atMs: 0, logMs: 0, limits: unlimited }, failing),
        /fenced/,
      );
      assert.deepEqual(ledger.applied, before);
      assert.deepEqual([...(await ledger.known(["k"]))], []);
      const [result] = await commit(ledger, log, ...writes);
      assert.equal(result?.ok, true);
    });

    it("knows the keys that were answered", async (t) => {
      const ledger = await open(t);
      const log = await mastered(ledger);
      await commit(ledger, log, write(add("a", "1"), "k1"), write(add("a", "1"), "k2"));
      assert.deepEqual([...(await ledger.known(["k1", "k3", "k2", "k1"]))].sort(), ["k1", "k2"]);
    });

    it("gives a barrier a place and no key", async (t) => {
      const ledger = await open(t);
      const log = await mastered(ledger);
      const [result] = await commit(ledger, log, write(barrier, "k"));
      assert.deepEqual([result?.ok, result?.position], [true, 2]);
      assert.deepEqual([...(await ledger.known(["k"]))], []);
    });

    it("forgets keys that the log says are old", async (t) => {
      const ledger = await open(t);
      const log = await mastered(ledger);
      await commit(ledger, log, write(add("a", "1"), "c:k", "h"), write(add("b", "1"), "own"));
      const effect = { expireKeys: { clientBeforeMs: 7, ownBeforeMs: 8 } };
      const chores = [{ effect, onRefused: assert.fail }];
      await committed(
        ledger,
        { writes: [], chores, epoch: 1, atMs: 9, logMs: 9, limits: unlimited },
        log.append,
      );
      assert.deepEqual([...(await ledger.known(["c:k", "own"]))], ["c:k"]);
    });

    it("learns everything from the log that its writer knows", async (t) => {
      const [writer, copy] = [await open(t), await open(t)];
      const log = await mastered(writer);
      await commit(writer, log, write(add("a", "1"), "k1"));
      await commit(writer, log, write(add("a", "2"), "k2"), write(remove("b"), "k3"));
      await copy.apply(log.entries);
      assert.deepEqual(copy.applied, writer.applied);
      assert.deepEqual(copy.schema, writer.schema);
      assert.equal((await copy.known(["k1", "k2", "k3"])).size, 3);
      const same = write(add("a", "3"), "k4");
      assert.deepEqual(
        await commit(copy, new TakingLog(), same),
        await commit(writer, new TakingLog(), same),
      );
    });
  });
}

const id = fc.constantFrom("a", "b", "c");
const request = fc.oneof(
  fc.tuple(id, fc.nat({ max: 3 })).map(([name, n]) => add(name, `${n}`)),
  fc.tuple(id, fc.nat({ max: 3 })).map(([name, n]) => set(name, `${n}`)),
  id.map(remove),
  fc.constant(clear),
  fc.constant(barrier),
);
const batches = fc.array(fc.array(fc.tuple(request, fc.nat({ max: 20 })), { minLength: 1, maxLength: 5 }), {
  maxLength: 6,
});

/** Whatever is asked of them, two ledgers answer the same. */
export function sameLedgers(open: OpenLedger, other: OpenLedger): void {
  it("the two ledgers give the same answers to the same requests", async (t) => {
    await fc.assert(
      fc.asyncProperty(batches, async (asked) => {
        const [one, two] = [await open(t), await other(t)];
        const [oneLog, twoLog] = [await mastered(one), await mastered(two)];
        for (const writes of asked) {
          // A barrier's key is always the API's own: no other request comes under it.
          const pending = writes.map(([what, key], i) => write(what, what === barrier ? `b${i}` : `k${key}`));
          assert.deepEqual(await commit(one, oneLog, ...pending), await commit(two, twoLog, ...pending));
        }
        assert.equal(one.applied.position, two.applied.position);
      }),
      { numRuns: 60 },
    );
  });
}
