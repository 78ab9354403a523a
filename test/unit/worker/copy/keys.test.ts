// Each request is applied once, however often and however late its copies come, whoever is master, and whatever the clocks say.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import type { BatchRecord } from "../../../../core/log/record.ts";
import type { ManifestSpec } from "../../../../core/manifest/manifest.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { Store } from "../../../../worker/copy/store.ts";
import type { Ledger } from "../../../../worker/ports.ts";
import { openSqlite } from "../../../../worker/sqlite.ts";
import { Chores, logClock } from "../../../../worker/write/chores.ts";
import type { CommitInput } from "../../../../worker/write/draft.ts";
import { ledgerOf } from "../../../../worker/write/ledger.ts";
import { TakingLog, thingsSchema } from "../../../contract/ledger-contract.ts";
import { committed, parsed, unlimited } from "../../../fakes/commits.ts";
import { Disk, MemoryLedger } from "../../../fakes/memory-ledger.ts";
import { runs } from "../../../support/runs.ts";
import { contentsOf, openCopy, temporaryDirectory, type Undoing, withUndoing } from "../copies.ts";

const log = createLog({ program: "w-1", format: "json", level: "silent" });
const minuteMs = 60_000;
const spec = {
  requests: { idempotencyMs: minuteMs, timeoutMs: 10_000 },
  database: thingsSchema,
} as ManifestSpec;

/** A request of the nth message of an API process; every third has a key of its client's. */
const requestOf = (sender: number, n: number) => {
  const message = `api-${sender}-x-w-${n}`;
  const own = n % 3 === 0;
  const item = {
    index: 0,
    shape: 0,
    rows: [[`${sender}-${n}`, "x"]],
    key: own ? `c:${sender}-${n}` : `${message}#0`,
    ...(own ? { hash: "h" } : {}),
  };
  // Takes whatever stands there: only its key keeps it from being applied again.
  const shape = {
    kind: "insert",
    table: "things",
    columns: ["id", "value"],
    onConflict: "update",
  } as const;
  return { message, item, shape };
};

type Step =
  | { readonly kind: "deliver"; readonly requests: readonly (readonly [sender: number, n: number])[] }
  /** Time goes by while a master leads, and while none does. */
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "fail over"; readonly clockMs: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("deliver" as const),
      requests: fc.array(fc.tuple(fc.nat({ max: 1 }), fc.integer({ min: 1, max: 12 })), {
        minLength: 1,
        maxLength: 4,
      }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.nat({ max: 300_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("fail over" as const),
      clockMs: fc.integer({ min: -2 * 86_400_000, max: 2 * 86_400_000 }),
    }),
  },
);

type Open = (undoing: Undoing) => Promise<Ledger>;

/** Carries out the steps; each failover goes on with a new copy, on a machine with a clock of its own. */
async function carryOut(steps: readonly Step[], open: Open, undoing: Undoing): Promise<TakingLog> {
  const taken = new TakingLog();
  let nowMs = 1_000_000_000;
  let epoch = 0;
  let led: { ledger: Ledger; chores: Chores; logTime: () => number } | undefined;
  const lead = async (clockMs: number) => {
    epoch += 1;
    taken.mark(epoch);
    const ledger = await open(undoing);
    await ledger.apply(taken.entries);
    const logTime = logClock(await ledger.newestKeyMs(), { now: () => nowMs + clockMs });
    led = { ledger, logTime, chores: new Chores(ledger, () => spec, log, logTime()) };
    return led;
  };
  for (const one of steps) {
    const { ledger, chores, logTime } = led ?? (await lead(0));
    const commit = async (input: Pick<CommitInput, "writes" | "chores">) =>
      committed(ledger, { ...input, epoch, atMs: nowMs, logMs: logTime(), limits: unlimited }, taken.append);
    if (one.kind === "pass") nowMs += one.ms;
    else if (one.kind === "fail over") await lead(one.clockMs);
    else {
      const due = chores.due(logTime());
      if (due.length > 0) await commit({ writes: [], chores: due });
      const writes = one.requests.map(([sender, n]) => requestOf(sender, n));
      for (const { ok, code } of parsed(await commit({ writes, chores: [] })))
        assert.ok(ok || code === "unavailable", code);
    }
  }
  return taken;
}

function twice({ entries }: TakingLog): readonly string[] {
  const applied = entries.flatMap(({ record }) => (record.kind === "batch" ? record.keys : []));
  const keys = applied.map(({ key }) => key);
  return keys.filter((key, i) => keys.indexOf(key) !== i);
}

const inMemory: Open = async () => new MemoryLedger({ disk: new Disk(), work: async () => undefined });
const onSqlite: Open = async (undoing) => ledgerOf(await openCopy(undoing));

describe("a request", () => {
  for (const [where, open, numRuns] of [
    ["in memory", inMemory, 1_000],
    ["on SQLite", onSqlite, 40],
  ] as const)
    it(`is applied once over any deliveries, forgotten keys, failovers and clocks, ${where}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) =>
          withUndoing(async (undoing) => {
            assert.deepEqual(twice(await carryOut(steps, open, undoing)), []);
          }),
        ),
        { numRuns: runs(numRuns) },
      );
    });

  it("that comes when its key was forgotten is not applied, and is told so", async (t) => {
    const ledger = await inMemory(t as unknown as Undoing);
    const taken = new TakingLog();
    await ledger.apply([taken.mark(1)]);
    const commit = async (logMs: number, effect?: BatchRecord["effects"][number], ...ns: number[]) => {
      const chores = effect === undefined ? [] : [{ effect, onRefused: assert.fail }];
      const writes = ns.map((n) => requestOf(0, n));
      const input = { writes, chores, epoch: 1, atMs: 0, logMs, limits: unlimited };
      return parsed(await committed(ledger, input, taken.append));
    };
    await commit(0, { schema: thingsSchema });
    await commit(100, undefined, 4);
    await commit(200, { expireKeys: { clientBeforeMs: 150, ownBeforeMs: 150 } });
    const [same, before, after] = await commit(200, undefined, 4, 2, 5);
    assert.deepEqual([same?.code, before?.code, after?.ok], ["unavailable", "unavailable", true]);
  });
});

describe("a copy", () => {
  const expiring = { expireKeys: { clientBeforeMs: 1_000, ownBeforeMs: 1_000 } };

  async function used(t: TestContext, open: (t: TestContext) => Promise<Store>): Promise<Store> {
    const store = await open(t);
    const ledger = ledgerOf(store);
    const taken = new TakingLog();
    await ledger.apply([taken.mark(1)]);
    const commit = (input: Pick<CommitInput, "writes" | "chores" | "logMs">) =>
      committed(ledger, { ...input, epoch: 1, atMs: 0, limits: unlimited }, taken.append);
    await commit({
      writes: [],
      chores: [{ effect: { schema: thingsSchema }, onRefused: assert.fail }],
      logMs: 0,
    });
    const writes = [1, 2, 3].map((n) => requestOf(0, n));
    await commit({ writes, chores: [], logMs: 10 });
    await commit({ writes: [], chores: [{ effect: expiring, onRefused: assert.fail }], logMs: 20 });
    return store;
  }

  it("keeps one floor for each API process in place of its forgotten keys", async (t) => {
    const store = await used(t, openCopy);
    assert.deepEqual(await store.writer.all("SELECT key FROM _dbaas_keys"), []);
    assert.deepEqual(await store.writer.all("SELECT sender, number FROM _dbaas_floors"), [
      { sender: "api-0-x-w-", number: 3 },
    ]);
  });

  it("of an earlier version takes the new column and goes on", async (t) => {
    const directory = await temporaryDirectory(t);
    const old = await openSqlite(join(directory, "data.db"), "write");
    await old.exec(`CREATE TABLE _dbaas_keys (
      key TEXT PRIMARY KEY, hash TEXT, ok INTEGER NOT NULL, answer TEXT NOT NULL,
      position INTEGER NOT NULL, at_ms INTEGER NOT NULL, own INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO _dbaas_keys VALUES ('api-9-x-w-7#0', NULL, 1, '{}', 1, 5, 1), ('c:old#1', 'h', 1, '{}', 1, 5, 0);`);
    await old.close();
    const store = await used(t, async () => {
      const opened = await Store.open(directory);
      t.after(() => opened.close());
      return opened;
    });
    assert.deepEqual(await store.writer.all("SELECT sender, number FROM _dbaas_floors ORDER BY sender"), [
      { sender: "api-0-x-w-", number: 3 },
      { sender: "api-9-x-w-", number: 7 },
    ]);
    assert.ok((await contentsOf(store)) !== null);
  });
});

describe("log time", () => {
  it("goes on from the newest key by the master's own clock, whatever that clock shows", () => {
    for (const clockMs of [0, 86_400_000, -86_400_000]) {
      let passedMs = 0;
      const now = logClock(5_000, { now: () => 1_000_000_000 + clockMs + passedMs });
      passedMs = 250;
      assert.equal(now(), 5_250);
    }
  });
});
