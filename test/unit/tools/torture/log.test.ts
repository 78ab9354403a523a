import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLog } from "../../../../tools/torture/check/log.ts";
import type { LogLine } from "../../../../tools/torture/check/log-line.ts";
import type { Write } from "../../../../tools/torture/history.ts";
import { ledgerWrite, unanswered } from "./histories.ts";

const line = (change: Partial<LogLine>): LogLine => ({
  offset: 0,
  kind: "batch",
  epoch: 1,
  position: 0,
  keys: [],
  injected: false,
  ...change,
});
const marker = (epoch: number): LogLine => line({ kind: "marker", epoch });
const batch = (epoch: number, position: number, ...keys: string[]): LogLine =>
  line({ epoch, position, keys });
const injected = (one: LogLine): LogLine => ({ ...one, injected: true });

const placed = (lines: readonly LogLine[], firstOffset = 0): readonly LogLine[] =>
  lines.map((one, i) => ({ ...one, offset: firstOffset + i }));

const check = (lines: readonly LogLine[], writes: readonly Write[] = []) =>
  checkLog([{ lines: placed(lines) }], writes);
const rules = (lines: readonly LogLine[], writes?: readonly Write[]): readonly string[] =>
  check(lines, writes).violations.map(({ rule }) => rule);

test("epochs that follow each other with positions that go on are good", () => {
  const findings = check([marker(5), batch(5, 1), batch(5, 2), marker(9), batch(9, 3)]);
  assert.deepEqual(findings, { violations: [], counted: 3, stale: 0, repeated: 0, epochs: 2 });
});

test("what a former master appends after its successor's marker does not count", () => {
  const findings = check([marker(5), batch(5, 1), marker(9), batch(5, 2, "c:late"), batch(9, 2)]);
  assert.deepEqual([findings.violations, findings.stale], [[], 1]);
});

test("a late record whose write was acknowledged is a lost write", () => {
  const late = ledgerWrite("late", { position: 2 });
  assert.deepEqual(rules([marker(5), batch(5, 1), marker(9), batch(5, 2, "c:late"), batch(9, 2)], [late]), [
    "an acknowledged write does not stand where it was answered to stand",
  ]);
});

test("a record that was published twice counts once", () => {
  const findings = check([marker(5), batch(5, 1, "c:a"), batch(5, 1, "c:a"), marker(5), batch(5, 2)]);
  assert.deepEqual([findings.violations, findings.repeated], [[], 1]);
});

test("a missing position is a gap, unless the nemesis put the record there", () => {
  assert.deepEqual(rules([marker(5), batch(5, 1), batch(5, 3)]), ["a gap in the log"]);
  assert.deepEqual(rules([marker(5), batch(5, 1), injected(batch(5, 3)), batch(5, 2)]), []);
});

test("a log that lost its end goes on exactly where the copy stood that it goes on from", () => {
  const goesOn: LogLine = { ...marker(7), after: 9, adopts: true };
  const lost = ledgerWrite("lost", { position: 5 });
  assert.deepEqual(rules([marker(5), batch(5, 1), goesOn, batch(7, 10)], [lost]), []);
  assert.deepEqual(rules([marker(5), batch(5, 1), goesOn, batch(7, 11)]), ["a gap in the log"]);
});

test("a log whose first marker stands beyond its beginning was made anew", () => {
  assert.deepEqual(rules([{ ...marker(7), after: 9, adopts: true }, batch(7, 10)]), []);
});

test("a record before its epoch's marker is a gap", () => {
  assert.deepEqual(rules([marker(5), batch(6, 1)]), ["a gap in the log"]);
});

test("two epochs interleaved do not both count", () => {
  const lines = [marker(5), batch(5, 1), marker(6), batch(6, 2), batch(5, 2), batch(6, 3), batch(5, 3)];
  const findings = check(lines);
  assert.deepEqual([findings.violations, findings.counted, findings.stale], [[], 3, 2]);
});

test("a key that counts twice was applied twice", () => {
  assert.deepEqual(rules([marker(5), batch(5, 1, "c:a"), marker(6), batch(6, 2, "c:a")]), [
    "a key counts twice",
  ]);
});

test("an injected record that counts is one", () => {
  assert.deepEqual(rules([marker(5), injected(batch(5, 1))]), ["an injected record counts"]);
});

test("an unreadable record is one, unless the nemesis put it there", () => {
  const unreadable = line({ kind: "unreadable", epoch: 0 });
  assert.deepEqual(rules([marker(5), unreadable, batch(5, 1)]), ["an unreadable record"]);
  assert.deepEqual(rules([marker(5), injected(unreadable), batch(5, 1)]), []);
});

test("an acknowledged write stands at the position that was answered", () => {
  const lines = [marker(5), batch(5, 1, "c:a"), batch(5, 2, "c:b")];
  assert.deepEqual(rules(lines, [ledgerWrite("a", { position: 1 })]), []);
  assert.deepEqual(rules(lines, [ledgerWrite("b", { position: 1 })]), [
    "an acknowledged write does not stand where it was answered to stand",
  ]);
  assert.deepEqual(rules(lines, [ledgerWrite("c", unanswered)]), []);
});

test("a log that was made anew goes on where the best copy stood", () => {
  const lives = [
    { lines: [marker(5), batch(5, 1, "c:a")] },
    { lines: [marker(7), batch(7, 9, "c:b"), batch(7, 10)] },
  ];
  const writes = [ledgerWrite("unseen", { position: 4 }), ledgerWrite("b", { position: 9 })];
  assert.deepEqual(checkLog(lives, writes).violations, []);
});

test("a log that was trimmed before the first look begins in the middle", () => {
  const lines = [batch(5, 71), batch(5, 72), marker(6), batch(6, 73)];
  assert.deepEqual(checkLog([{ lines: placed(lines, 800) }], []).violations, []);
  assert.deepEqual(
    checkLog([{ lines: placed([...lines, batch(6, 75)], 800) }], []).violations.map(({ rule }) => rule),
    ["a gap in the log"],
  );
});
