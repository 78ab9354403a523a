import assert from "node:assert/strict";
import { test } from "node:test";
import { type BatchRecord, encodeRecord } from "../../../../core/log/record.ts";
import { injectedMark, logLineOf } from "../../../../tools/torture/check/log-line.ts";

const batch = (change: Partial<BatchRecord>): Buffer =>
  encodeRecord({ kind: "batch", epoch: 3, position: 8, atMs: 1, effects: [], keys: [], ...change });
const marker = (master: string): Buffer =>
  encodeRecord({ kind: "marker", epoch: 3, after: 7, master, atMs: 1 });
const insertOf = (value: string) => ({
  shape: { kind: "insert", table: "ledger", columns: ["op"] } as const,
  rows: [[value]],
});

test("a batch is read as its epoch, its position and the keys that succeeded", () => {
  const keys = [
    { key: "c:one", ok: true, answer: "{}" },
    { key: "c:two", ok: false, answer: "{}" },
  ];
  const expected = { offset: 40, kind: "batch", epoch: 3, position: 8, keys: ["c:one"], injected: false };
  assert.deepEqual(logLineOf(batch({ effects: [insertOf("op-1")], keys }), 40), expected);
});

test("a batch that writes the nemesis's row was injected", () => {
  assert.equal(logLineOf(batch({ effects: [insertOf(injectedMark)] }), 40).injected, true);
});

test("a master's own batch that keeps the refusal of a request of the nemesis was not", () => {
  const keys = [{ key: `c:${injectedMark}-17`, ok: false, answer: `{"from":"${injectedMark}"}` }];
  assert.equal(logLineOf(batch({ effects: [insertOf("op-1")], keys }), 40).injected, false);
});

test("a marker was injected when it names the nemesis as the master", () => {
  assert.equal(logLineOf(marker(injectedMark), 40).injected, true);
  assert.equal(logLineOf(marker("worker-7"), 40).injected, false);
});

test("what is no record was injected when it bears the nemesis's mark", () => {
  const unreadable = { offset: 40, kind: "unreadable", epoch: 0, position: 0, keys: [] };
  assert.deepEqual(logLineOf(Buffer.from(`${injectedMark} garbage`), 40), { ...unreadable, injected: true });
  assert.deepEqual(logLineOf(Buffer.from("torn"), 40), { ...unreadable, injected: false });
});
