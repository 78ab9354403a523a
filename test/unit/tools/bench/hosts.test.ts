import assert from "node:assert/strict";
import { test } from "node:test";
import { runsFrom } from "../../../../tools/bench/hosts/arguments.ts";
import { asMarkdown, type Row } from "../../../../tools/bench/hosts/comparison.ts";
import type { Summary } from "../../../../tools/bench/report/summary.ts";

const summary = (perSecond: number, p50Ms: number): Summary => ({
  perSecond,
  p50Ms,
  p90Ms: 0,
  p99Ms: 0,
  p999Ms: 0,
  errors: 0,
  wrong: 0,
  firstTrouble: null,
  cpu: {},
  residentMb: {},
  runs: [],
});

test("three hosts stand beside one with their ratio, requests by how many and lone ones by their time", () => {
  const rows: readonly Row[] = [
    {
      load: "reads",
      figure: "perSecond",
      one: summary(1_000, 1),
      three: summary(500, 2),
      spread: summary(750, 2),
    },
    { load: "a lone write", figure: "p50Ms", one: summary(200, 5), three: summary(100, 8), spread: null },
  ];
  assert.deepEqual(asMarkdown(rows).split("\n").slice(2), [
    "| reads (/s) | 1,000 | 500 | 0.50x | 750 | 0.75x |",
    "| a lone write (p50, ms) | 5 | 8 | 1.60x |  |  |",
  ]);
});

test("only three hosts are compared, as often as asked for", () => {
  assert.equal(runsFrom(["--hosts", "3"]), 5);
  assert.equal(runsFrom(["--hosts=3", "--runs", "2"]), 2);
  assert.throws(() => runsFrom(["--hosts", "2"]), /--hosts must be 3/);
  assert.throws(() => runsFrom(["--hosts", "3", "--runs", "0"]), /--runs must be a whole number/);
});
