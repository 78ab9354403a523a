import assert from "node:assert/strict";
import { test } from "node:test";
import { argumentsFrom, HelpWanted, UsageError } from "../../../../tools/torture/arguments.ts";
import { randomOf, seedFor } from "../../../../tools/torture/random.ts";
import { figuresOf, gapsOf, type Strike } from "../../../../tools/torture/report/gaps.ts";
import { lossTable } from "../../../../tools/torture/report/losses.ts";
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

test("a fault more leaves what is planned for the others as it was", () => {
  const named = (names: string) => names.split(" ").map((name) => ({ name, holdMs: [10, 20] as const }));
  const threeRounds = (seed: number, names: string, betweenChance: number): readonly Step[] => {
    const all: Step[] = [];
    for (const step of schedule({ seed, faults: named(names), between: ["kill", "crash"], betweenChance })) {
      if (step.round > 3) break;
      all.push(step);
    }
    return all;
  };
  /** Each fault of a round with what came between it and the one before; without numbers, which count all steps. */
  const planned = (seed: number, names: string) => {
    const own = new Set(threeRounds(seed, names, 0).map((step) => step.seed));
    let between: readonly Omit<Step, "number">[] = [];
    return threeRounds(seed, names, 0.5).flatMap(({ number: _, ...step }) => {
      if (!own.has(step.seed)) {
        between = [step];
        return [];
      }
      const whole = { between, step };
      between = [];
      return [whole];
    });
  };
  for (let seed = 0; seed < 20; seed += 1)
    assert.deepEqual(
      planned(seed, "new a b c newer d e kill crash newest").filter(
        ({ step }) => !step.fault.startsWith("new"),
      ),
      planned(seed, "a b c d e kill crash"),
    );
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
    lost: ["master"],
    backAtMs: null,
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

test("no write is acknowledged from the strike or the last answer until the next one, at most until all is as desired", () => {
  const strike = { fault: "power-cut", kind: "other" as const, lost: [], replacedAtMs: null, backAtMs: null };
  const at = (atMs: number, healedAtMs: number | null): Strike => ({ ...strike, step: 1, atMs, healedAtMs });
  const acked = [900, 1_100, 1_600, 2_000, 2_700, 9_000].map((doneAtMs) =>
    ledgerWrite(String(doneAtMs), { sentAtMs: doneAtMs - 10, doneAtMs }),
  );
  const still = (...strikes: readonly Strike[]) => gapsOf(strikes, acked).map(({ stillMs }) => stillMs);
  assert.deepEqual(still(at(1_000, 3_000)), [700], "the longest of several");
  assert.deepEqual(still(at(1_000, 2_100)), [500], "only until it was healed");
  assert.deepEqual(still(at(1_000, 3_000), at(1_900, 3_000)), [500, 700], "up to the next strike");
  assert.deepEqual(still(at(8_000, null)), [59_000], "one that never heals");
});

test("the report tells gaps by what was lost, and counts a fault under each thing that went with it", () => {
  const gap = (lost: readonly string[], stillMs: number, backAtMs: number | null) => ({
    strike: {
      step: 1,
      fault: "f",
      kind: "other" as const,
      lost,
      atMs: 0,
      healedAtMs: 900,
      replacedAtMs: null,
      backAtMs,
    },
    firstWriteMs: stillMs / 2,
    stillMs,
    worstMs: 0,
    failed: 0,
  });
  assert.deepEqual(lossTable([gap([], 5, null)]), []);
  const rows = lossTable([gap(["master"], 400, 100), gap(["master", "stream leader"], 800, null)]);
  const numbers = (name: string) => rows.find((row) => row.startsWith(name))?.match(/-|\d+/g);
  assert.deepEqual(numbers("master"), ["2", "400", "800", "800", "200", "400", "400", "800", "800", "800"]);
  assert.deepEqual(numbers("stream leader"), ["1", "800", "800", "800", "400", "400", "400", "-", "-", "-"]);
});

test("figures are ranks, not averages", () => {
  const values = Array.from({ length: 100 }, (_, i) => i + 1);
  assert.deepEqual(figuresOf(values), { count: 100, p50: 50, p95: 95, max: 100 });
  assert.deepEqual(figuresOf([7]), { count: 1, p50: 7, p95: 7, max: 7 });
});

test("arguments that make no sense are refused by name", () => {
  const none = { faults: [], between: [] };
  const overHosts = { name: "power-cut", what: "", run: async () => undefined };
  const from = (...given: string[]) =>
    argumentsFrom(given, { 1: none, 3: { faults: [overHosts], between: [] } }, 42);
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
    ["--hosts", "2"],
    ["--hosts", "3", "--faults", "none"],
  ])
    assert.throws(() => from(...wrong), UsageError);
  assert.throws(() => from("--minutes", "0"), /--minutes.*It must be a number from 0\.1 to 1440/);
  assert.throws(() => from("--faults", "none"), /There is no fault "none" \(--list shows all\)/);
  for (const help of ["--help", "-h"]) assert.throws(() => from("--seed", "5", help), HelpWanted);
  assert.deepEqual(from("--hosts", "3").faults, [overHosts]);
  assert.deepEqual(from("--hosts", "3", "--faults", "power-cut").faults, [overHosts]);
  assert.throws(() => from("--faults", "power-cut"), /There is no fault "power-cut"/);
  const { seed: _, ...others } = from();
  assert.deepEqual(others, {
    hosts: 1,
    between: [],
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
