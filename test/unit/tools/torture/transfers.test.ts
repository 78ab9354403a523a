import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTransfers, type TransferRow } from "../../../../tools/torture/check/transfers.ts";
import { accountStart, accounts, type Transfer } from "../../../../tools/torture/history.ts";
import { transfer, unanswered } from "./histories.ts";

const row = (op: string, from: number, to: number, change: Partial<TransferRow> = {}): TransferRow => ({
  op,
  source: "a1",
  target: "a2",
  amount: 5,
  source_before: from,
  target_before: to,
  ...change,
});

const balances = (change: Readonly<Record<string, number>> = {}): ReadonlyMap<string, number> =>
  new Map([...accounts.map((name) => [name, accountStart] as const), ...Object.entries(change)]);

const rules = (
  transfers: readonly Transfer[],
  rows: readonly TransferRow[],
  held: ReadonlyMap<string, number>,
): readonly string[] => checkTransfers(transfers, { rows, balances: held }, "w-1").map(({ rule }) => rule);

const [t1, t2] = [row("t1", 1_000, 1_000), row("t2", 995, 1_005)];
const both = balances({ a1: 990, a2: 1_010 });

test("transactions that each saw what those before them left are good", () => {
  assert.deepEqual(rules([transfer("t1"), transfer("t2")], [t1, t2], both), []);
  assert.deepEqual(rules([], [], new Map()), []);
});

test("a committed transaction that is not there is lost", () => {
  assert.deepEqual(rules([transfer("t1"), transfer("t2")], [t1], balances({ a1: 995, a2: 1_005 })), [
    "a committed transaction is lost",
  ]);
});

test("one whose COMMIT was not answered may be there or not, and one that was undone is not", () => {
  const unknown = transfer("t2", unanswered);
  assert.deepEqual(rules([transfer("t1"), unknown], [t1, t2], both), []);
  assert.deepEqual(rules([transfer("t1"), unknown], [t1], balances({ a1: 995, a2: 1_005 })), []);
  const undone = transfer("t2", { outcome: "refused" });
  assert.deepEqual(rules([transfer("t1"), undone], [t1, t2], both), ["an undone transaction is there"]);
});

test("one that stands there twice was carried out twice", () => {
  assert.deepEqual(rules([transfer("t1")], [t1, row("t1", 995, 1_005)], both), [
    "a transaction was carried out twice",
  ]);
});

test("one that nobody sent must not be there", () => {
  assert.deepEqual(rules([transfer("t1")], [t1, t2], both), ["a transaction that was never sent"]);
});

test("one that wrote over what another one had written meanwhile has lost an update", () => {
  const torn = [t1, row("t2", 1_000, 1_000)];
  assert.deepEqual(rules([transfer("t1"), transfer("t2")], torn, balances({ a1: 995, a2: 1_005 })), [
    "a transaction did not see what was committed before it",
  ]);
});

test("one that saw two moments is not serializable, though it lost nothing", () => {
  const later = row("t2", 1_000, 1_005, { source: "a3", target: "a2" });
  const wrong = row("t3", 1_000, 1_005, { source: "a1", target: "a3" });
  const held = balances({ a1: 995, a2: 1_010, a3: 1_010 });
  const sent = ["t1", "t2", "t3"].map((op) => transfer(op));
  assert.deepEqual(rules(sent, [t1, later, wrong], held), [
    "a transaction did not see what was committed before it",
  ]);
});

test("one of which a part is missing is torn", () => {
  assert.deepEqual(rules([transfer("t1")], [t1], balances({ a1: 995 })), ["a transaction is there in part"]);
  const unknown = transfer("t1", unanswered);
  assert.deepEqual(rules([unknown], [], balances({ a1: 995 })), ["a transaction is there in part"]);
});

test("one that was begun when another one was committed stands behind that one", () => {
  const sent = [transfer("t2"), transfer("t1", { sentAtMs: 30, doneAtMs: 40 })];
  assert.deepEqual(rules(sent, [t1, t2], both), [
    "a transaction stands before one that was committed before it was begun",
  ]);
  const atOnce = [transfer("t2"), transfer("t1", { sentAtMs: 15, doneAtMs: 40 })];
  assert.deepEqual(rules(atOnce, [t1, t2], both), []);
});
