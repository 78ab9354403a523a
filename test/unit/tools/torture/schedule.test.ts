import assert from "node:assert/strict";
import { test } from "node:test";
import { argumentsFrom, HelpWanted, UsageError } from "../../../../tools/torture/arguments.ts";
import { randomOf, seedFor } from "../../../../tools/torture/random.ts";
import { figuresOf, gapsOf, type Strike } from "../../../../tools/torture/report/gaps.ts";
import { type Step, schedule } from "../../../../tools/torture/schedule.ts";
import { ledgerWrite, unanswered } from "./histories.ts";

const faults = ["a", "b", "c", "kill"].map((name) => ({ name, holdMs: [10, 20] as const }));

const steps = (seed: number, count: number, betweenChance = 0.5): readonly Step[] => {
  const plan = schedule({ seed, faults, between: ["kill"], betweenChance });
  return Array.from({ length: count }, () => plan.next().value);
};

test("the same seed gives the same plan, another seed another one", () => {
  assert.deepEqual(steps(7, 50), steps(7, 50));
  assert.notDeepEqual(steps(7, 50), steps(8, 50));
});

test("every fault comes once in a round, and what comes between the others comes often", () => {
  const all = steps(1, 80).map(({ fault }) => fault);
  assert.deepEqual(
    [...steps(1, 4, 0)].map(({ fault }) => fault).sort(),
    faults.map(({ name }) => name).sort(),
  );
  assert.ok(all.filter((name) => name === "kill").length > 25);
  assert.deepEqual(
    steps(3, 20).map(({ number }) => number),
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
});

test("a fault lasts as long as it may", () => {
  assert.ok(steps(5, 100).every(({ holdMs }) => holdMs >= 10 && holdMs <= 20));
});

test("chance is even enough, and its parts do not depend on each other", () => {
  const random = randomOf(seedFor(1, "x"));
  const counts = new Map<number, number>();
  for (let i = 0; i < 6_000; i++) {
    const n = random.between(1, 6);
    counts.set(n, (counts.get(n) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].sort(), [1, 2, 3, 4, 5, 6]);
  assert.ok([...counts.values()].every((count) => count > 850 && count < 1_150));
  assert.notEqual(seedFor(1, "x"), seedFor(1, "y"));
});

test("a gap lasts from the strike to the first answer to a write that was sent after it", () => {
  const strike: Strike = {
    step: 1,
    fault: "kill",
    kind: "killed master",
    atMs: 1_000,
    healedAtMs: 3_000,
    replacedAtMs: null,
  };
  const writes = [
    ledgerWrite("before", { sentAtMs: 990, doneAtMs: 1_400 }),
    ledgerWrite("first", { sentAtMs: 1_010, doneAtMs: 1_500 }),
    ledgerWrite("second", { sentAtMs: 1_030, doneAtMs: 1_450, troubles: [{ atMs: 1_100, what: "503" }] }),
    ledgerWrite("never", { sentAtMs: 1_040, ...unanswered }),
  ];
  const [gap] = gapsOf([strike], writes);
  assert.deepEqual([gap?.firstWriteMs, gap?.worstMs, gap?.failed], [450, 490, 1]);
  assert.equal(gapsOf([{ ...strike, atMs: 9_000 }], writes)[0]?.firstWriteMs, null);
});

test("figures are ranks, not averages", () => {
  const values = Array.from({ length: 100 }, (_, i) => i + 1);
  assert.deepEqual(figuresOf(values), { count: 100, p50: 50, p95: 95, max: 100 });
  assert.deepEqual(figuresOf([7]), { count: 1, p50: 7, p95: 7, max: 7 });
});

test("arguments that make no sense are refused by name", () => {
  const from = (...given: string[]) => argumentsFrom(given, [], 42);
  assert.equal(from().seed, 42);
  assert.deepEqual(
    [from("--seed", "5", "--minutes", "0.5").seed, from("--minutes", "0.5").minutes],
    [5, 0.5],
  );
  for (const wrong of [
    ["--seed", "x"],
    ["--minutes", "0"],
    ["--clients", "1.5"],
    ["--faults", "none"],
    ["--what"],
  ])
    assert.throws(() => from(...wrong), UsageError);
  assert.throws(() => from("--minutes", "0"), /--minutes.*It must be a number from 0\.1 to 1440/);
  assert.throws(() => from("--faults", "none"), /There is no fault "none" \(--list shows all\)/);
  for (const help of ["--help", "-h"]) assert.throws(() => from("--seed", "5", help), HelpWanted);
  const { seed: _, ...others } = from();
  assert.deepEqual(others, {
    minutes: 5,
    rounds: null,
    faults: [],
    clients: 8,
    rows: 20_000,
    patience: 1,
    keep: false,
    list: false,
  });
});
