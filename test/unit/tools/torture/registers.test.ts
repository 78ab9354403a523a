import assert from "node:assert/strict";
import { test } from "node:test";
import { checkReads } from "../../../../tools/torture/check/reads.ts";
import { checkRegisters, registersIn } from "../../../../tools/torture/check/registers.ts";
import type { Read, Write } from "../../../../tools/torture/history.ts";
import { ledgerCount, ledgerWrite, registerRead, registerWrite, totalRead, unanswered } from "./histories.ts";

/** Values 1 to 5, sent at 100, 200, …, acknowledged 50 ms later, at positions 10, 20, … */
const five = [1, 2, 3, 4, 5].map((value) => registerWrite(value));

const rulesOfReads = (reads: readonly Read[], writes: readonly Write[] = five): readonly string[] =>
  checkReads(reads, writes, registersIn(writes)).map(({ rule }) => rule);

const rulesOfValue = (value: number, writes: readonly Write[] = five): readonly string[] =>
  checkRegisters(registersIn(writes), new Map([["r", value]]), "w-1").map(({ rule }) => rule);

test("a register ends with its last acknowledged value, or with a later one that was sent", () => {
  assert.deepEqual(rulesOfValue(5), []);
  const unsure = [...five, registerWrite(6, unanswered)];
  assert.deepEqual(rulesOfValue(5, unsure), []);
  assert.deepEqual(rulesOfValue(6, unsure), []);
});

test("a register that ends with less has lost an update", () => {
  assert.deepEqual(rulesOfValue(4), ["an acknowledged update is lost"]);
});

test("a register that ends with more has an update that was never sent", () => {
  assert.deepEqual(rulesOfValue(6), ["an update that was never sent"]);
});

test("a register's values stand in the log in the order in which they were written", () => {
  const swapped = [registerWrite(1, { position: 20 }), registerWrite(2, { position: 10 })];
  assert.deepEqual(rulesOfValue(2, swapped), ["updates stand in another order than they were made"]);
});

test("a plain read may show an old value, if its position is old as well", () => {
  assert.deepEqual(
    rulesOfReads([registerRead(1, { position: 12 }), registerRead(null, { position: 3 })]),
    [],
  );
});

test("a read that shows less than its own position has is wrong", () => {
  assert.deepEqual(rulesOfReads([registerRead(1, { position: 20 })]), ["a read went back"]);
});

test("a read from a copy that is behind the wanted position is wrong", () => {
  const behind = registerRead(2, { consistency: "session", minPosition: 30, position: 25 });
  assert.deepEqual(rulesOfReads([behind]), ["a read went back"]);
});

test("a read with a position shows what was written up to it", () => {
  const wanted = { consistency: "session", minPosition: 30, position: 31 } as const;
  assert.deepEqual(rulesOfReads([registerRead(3, wanted)]), []);
  assert.deepEqual(rulesOfReads([registerRead(2, wanted)]), ["a read went back"]);
});

test("a strong read shows what was acknowledged before it was sent, whatever position it names", () => {
  const strong = { consistency: "strong", sentAtMs: 460, doneAtMs: 470, position: 5 } as const;
  assert.deepEqual(rulesOfReads([registerRead(4, strong)]), []);
  assert.deepEqual(rulesOfReads([registerRead(3, strong)]), ["a strong read missed a write"]);
});

test("no read shows what was not sent yet", () => {
  assert.deepEqual(rulesOfReads([registerRead(4, { doneAtMs: 399, position: 5 })]), [
    "a read saw a write that was never sent",
  ]);
});

test("a read that was not answered says nothing", () => {
  assert.deepEqual(rulesOfReads([registerRead(99, unanswered)]), []);
});

test("a strong count sees every row acknowledged before it, and none that was not sent", () => {
  const rows = [
    ledgerWrite("a", { parts: 2, sentAtMs: 100, doneAtMs: 150 }),
    ledgerWrite("b", { sentAtMs: 200, doneAtMs: 250 }),
    ledgerWrite("c", { sentAtMs: 300, ...unanswered }),
    ledgerWrite("other", { client: "c2", sentAtMs: 100, doneAtMs: 150 }),
  ];
  const at = { sentAtMs: 260, doneAtMs: 320 };
  assert.deepEqual(rulesOfReads([ledgerCount(3, at), ledgerCount(4, at)], rows), []);
  assert.deepEqual(rulesOfReads([ledgerCount(2, at)], rows), ["a strong count missed a write"]);
  assert.deepEqual(rulesOfReads([ledgerCount(5, at)], rows), ["a count saw a write that was never sent"]);
  assert.deepEqual(rulesOfReads([ledgerCount(Number.NaN, at)], rows), [
    "a count saw a write that was never sent",
  ]);
});

test("all accounts hold together what they held in the beginning, for whoever reads them at one moment", () => {
  assert.deepEqual(rulesOfReads([totalRead(6_000, 6), totalRead(0, 0)]), []);
  assert.deepEqual(rulesOfReads([totalRead(5_995, 6)]), ["a read saw a part of a transaction"]);
  assert.deepEqual(rulesOfReads([totalRead(5_000, 5)]), ["a read saw a part of a transaction"]);
});
