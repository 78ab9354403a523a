// Torture's clients of libSQL, on the API's own machine and a real copy: what they write down is true, and the checker finds what is
// wrong with it.
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { parseManifest } from "../../../../core/manifest/parse.ts";
import { call } from "../../../../tools/cluster/http.ts";
import { checkLedger, type LedgerEntry } from "../../../../tools/torture/check/ledger.ts";
import { checkReads } from "../../../../tools/torture/check/reads.ts";
import { registersIn } from "../../../../tools/torture/check/registers.ts";
import { checkTransfers, type TransferRow } from "../../../../tools/torture/check/transfers.ts";
import { openAccounts } from "../../../../tools/torture/clients/accounts.ts";
import type { Ask } from "../../../../tools/torture/clients/attempt.ts";
import { Transactions } from "../../../../tools/torture/clients/transactions.ts";
import { emptyHistory, type History } from "../../../../tools/torture/history.ts";
import { baseline } from "../../../../tools/torture/manifest.ts";
import { randomOf } from "../../../../tools/torture/random.ts";
import { openWorld, type World } from "../../api/libsql/world.ts";

const clients = 3;
/** Enough for transactions to meet each other. */
const operationsOfMany = 25;
const operationsOfFew = 10;

interface Told {
  readonly body: { readonly requests: readonly { readonly stmt?: { readonly sql: string } }[] };
  readonly ask: () => ReturnType<Ask>;
}

interface Doing {
  /** In the place of the connection. */
  readonly between?: (told: Told) => ReturnType<Ask>;
  readonly operations?: number;
}

const open = async (t: TestContext): Promise<World> =>
  openWorld(t, parseManifest(await baseline()).spec.database);

/** Clients that do one thing after another, at the same time. */
async function run(world: World, doing: Doing = {}): Promise<History> {
  const { between = ({ ask }) => ask(), operations = operationsOfMany } = doing;
  const history = emptyHistory();
  const over = new AbortController().signal;
  const straight: Ask = async (path, body) => ({
    kind: "answered",
    answer: await call("POST", path, { port: world.port, body }),
  });
  const ask: Ask = (path, body) => between({ body: body as Told["body"], ask: () => straight(path, body) });
  // The world has no db/write: the accounts come to be by another way.
  await openAccounts(async (_path, statement) => {
    const { sql, params } = statement as { readonly sql: string; readonly params: readonly unknown[] };
    const args = params.map((value) => ({
      type: typeof value === "string" ? "text" : "integer",
      value: String(value),
    }));
    return straight("/v3/pipeline", { baton: null, requests: [{ type: "execute", stmt: { sql, args } }] });
  }, over);
  await Promise.all(
    Array.from({ length: clients }, async (_, i) => {
      const random = randomOf(i);
      const nowMs = () => performance.now();
      const client = new Transactions({ name: `c${i}`, history, ask, random, nowMs, over });
      for (let done = 0; done < operations; done++) await client.one();
    }),
  );
  return history;
}

async function rulesBroken({ store }: World, history: History): Promise<readonly string[]> {
  const rows = await store.writer.all("SELECT * FROM transfers ORDER BY id");
  const held = await store.writer.all("SELECT name, value FROM accounts");
  const entries = await store.writer.all(
    "SELECT op, count(*) AS rows, count(DISTINCT part) AS parts FROM ledger GROUP BY op",
  );
  const balances = new Map(held.map(({ name, value }) => [String(name), Number(value)]));
  const found = { rows: rows as unknown as readonly TransferRow[], balances };
  const violations = [
    ...checkTransfers(history.transfers, found, "w-1"),
    ...checkLedger(history.writes, entries as unknown as readonly LedgerEntry[], "w-1"),
    ...checkReads(history.reads, history.writes, registersIn(history.writes)),
  ];
  return [...new Set(violations.map(({ rule }) => rule)), ...history.odd];
}

const isCommit = ({ body }: Told): boolean => body.requests[0]?.stmt?.sql === "COMMIT";

test("what clients of libSQL are told is true, and some of their transactions are undone for others", async (t) => {
  const world = await open(t);
  const history = await run(world);
  assert.deepEqual(await rulesBroken(world, history), []);
  const outcomes = new Set(history.transfers.map(({ outcome }) => outcome));
  assert.deepEqual([...outcomes].sort(), ["acked", "refused"]);
  assert.ok(history.reads.some((read) => read.kind === "readTotal" && read.outcome === "acked"));
  assert.ok(history.writes.some(({ outcome }) => outcome === "acked"));
});

test("a COMMIT whose answer is lost leaves open whether it was carried out", async (t) => {
  const world = await open(t);
  let commits = 0;
  const history = await run(world, {
    operations: operationsOfFew,
    between: async (told) => {
      if (!isCommit(told)) return told.ask();
      commits += 1;
      if (commits % 3 === 1) await told.ask();
      return commits % 3 === 0 ? told.ask() : { kind: "lost", reason: "cut off" };
    },
  });
  assert.deepEqual(await rulesBroken(world, history), []);
  assert.ok(history.transfers.some(({ outcome }) => outcome === "unknown"));
});

test("a COMMIT that the API does not know the fate of is asked for again", async (t) => {
  const world = await open(t);
  let commits = 0;
  world.lost = ({ shape }) => {
    const { transaction } = JSON.parse(shape);
    if (transaction === undefined || transaction.trial !== undefined) return undefined;
    commits += 1;
    return commits % 3 === 1 ? "unanswered" : commits % 3 === 2 ? "done and unanswered" : undefined;
  };
  const history = await run(world, { operations: operationsOfFew });
  assert.deepEqual(await rulesBroken(world, history), []);
  assert.ok(history.transfers.some(({ outcome }) => outcome === "acked"));
});

test("a service that says of a COMMIT that it was carried out, and did not, is found out", async (t) => {
  const world = await open(t);
  const history = await run(world, {
    operations: operationsOfFew,
    between: async (told) => {
      if (!isCommit(told)) return told.ask();
      const body = { baton: null, results: [{ type: "ok", response: { result: { rows: [] } } }] };
      return { kind: "answered", answer: { status: 200, headers: {}, text: "", body } };
    },
  });
  assert.ok((await rulesBroken(world, history)).includes("a committed transaction is lost"));
});

test("a service that does not look at what a transaction has read is found out", async (t) => {
  const world = await open(t);
  world.lost = (write) => {
    // The master is not told what the client was told.
    Object.assign(write, { shape: write.shape.replaceAll(/,"gave":"[^"]*"/g, "") });
    return undefined;
  };
  const rules = await rulesBroken(world, await run(world));
  assert.ok(rules.includes("a transaction did not see what was committed before it"), rules.join());
});
