import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseManifest } from "../../../../core/manifest/parse.ts";
import { argumentsFrom } from "../../../../tools/bench/arguments.ts";
import { accountColumns, accountOf, tables } from "../../../../tools/bench/load/rows.ts";
import { scenarioNames } from "../../../../tools/bench/pace.ts";
import { cycleTimes } from "../../../../tools/bench/scenarios/controller.ts";
import { withSlaves } from "../../../../tools/bench/world/manifest.ts";

const manifest = readFileSync(new URL("../../../../tools/bench/manifest.yaml", import.meta.url), "utf8");

test("the bench's manifest has the tables and columns of its rows", () => {
  const { database } = parseManifest(manifest).spec;
  assert.deepEqual(database.tables.map(({ name }) => name).toSorted(), Object.values(tables).toSorted());
  for (const { columns } of database.tables)
    assert.deepEqual(
      columns.map(({ name }) => name),
      [...accountColumns],
    );
  assert.deepEqual(Object.keys(accountOf(1)), [...accountColumns]);
});

test("asking for slaves sets all three bounds", () => {
  const { baseline, min, max } = parseManifest(withSlaves(manifest, 4)).spec.scaling;
  assert.deepEqual([baseline, min, max], [4, 4, 4]);
});

test("a manifest without those bounds is refused", () => {
  assert.throws(() => withSlaves("spec: {}", 4), /how many slaves/);
});

test("without --only every scenario runs; an unknown one is refused with the known ones", () => {
  assert.deepEqual(argumentsFrom([]), { full: false, scenarios: [...scenarioNames] });
  assert.deepEqual(argumentsFrom(["--full", "--only", "lone,memory"]), {
    full: true,
    scenarios: ["lone", "memory"],
  });
  assert.throws(() => argumentsFrom(["--only", "alone"]), /no scenario alone; there are replay, headline/);
});

test("the simulated world lets the controller start fifty workers and replace the dead", async () => {
  const took = await cycleTimes(manifest);
  assert.equal(took.length, 200);
});
