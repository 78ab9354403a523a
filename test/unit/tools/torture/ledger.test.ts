import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLedger, type LedgerEntry } from "../../../../tools/torture/check/ledger.ts";
import type { Write } from "../../../../tools/torture/history.ts";
import { ledgerWrite, registerWrite, unanswered } from "./histories.ts";

const entry = (op: string, rows = 1, parts = rows): LedgerEntry => ({ op, rows, parts });
const rules = (writes: readonly Write[], entries: readonly LedgerEntry[]): readonly string[] =>
  checkLedger(writes, entries, "w-1").map(({ rule }) => rule);

test("a history of which everything is there once is good", () => {
  const writes = [ledgerWrite("a"), ledgerWrite("b", { parts: 3 }), registerWrite(1)];
  assert.deepEqual(rules(writes, [entry("a"), entry("b", 3)]), []);
});

test("an acknowledged write that is not there is lost", () => {
  assert.deepEqual(rules([ledgerWrite("a"), ledgerWrite("b")], [entry("b")]), [
    "an acknowledged write is lost",
  ]);
});

test("a write whose fate nobody knows may be there or not, but only whole", () => {
  const write = ledgerWrite("a", { ...unanswered, parts: 3 });
  assert.deepEqual(rules([write], []), []);
  assert.deepEqual(rules([write], [entry("a", 3)]), []);
  assert.deepEqual(rules([write], [entry("a", 2)]), ["a write was applied in part"]);
});

test("what nobody sent must not be there", () => {
  assert.deepEqual(rules([], [entry("injected")]), ["a write that was never sent"]);
});

test("a write that is there twice was applied twice", () => {
  assert.deepEqual(rules([ledgerWrite("a")], [entry("a", 2, 1)]), ["a write was applied twice"]);
});

test("a write without a key that was never answered is not applied twice either", () => {
  assert.deepEqual(rules([ledgerWrite("a", { ...unanswered, key: null })], [entry("a", 2, 1)]), [
    "a write was applied twice",
  ]);
});

test("the right number of rows with one part twice is not the write that was sent", () => {
  assert.deepEqual(rules([ledgerWrite("a", { parts: 3 })], [entry("a", 3, 2)]), [
    "a write was applied in part",
  ]);
});

test("a refused write must not be there", () => {
  assert.deepEqual(rules([ledgerWrite("a", { outcome: "refused" })], [entry("a")]), [
    "a refused write is there",
  ]);
});
