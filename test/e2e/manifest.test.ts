// The manifest is edited while the system runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dbaas } from "../../tools/cluster/command.ts";
import { equalCopies, everyWorkerHas } from "../../tools/cluster/copies.ts";
import {
  applyFields,
  applyManifest,
  baselineManifest,
  saveManifest,
  withFields,
} from "../../tools/cluster/manifest.ts";
import { controllerLog, newLine } from "../../tools/cluster/orchestrator.ts";
import { seenSpec, seenStatus } from "../../tools/cluster/registry.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { assertSameWorkers, settled, useCluster } from "../support/cluster.ts";
import { insertUsers, rowsNow, write, written } from "../support/database.ts";

useCluster();

test("an edit is taken up without a restart, and acted on", async () => {
  await applyFields({ max: "2", min: "2", baseline: "2" });
  await settled(2);
  await applyManifest(await baselineManifest());
  await settled();
});

const mistakes: Readonly<Record<string, readonly [edit: (text: string) => string, said: RegExp]>> = {
  "a field that does not exist": [(text) => text.replace(" window:", " windwo:"), /\d+:\d+ .*windwo.*window/],
  "text that is no YAML": [(text) => text.replace("scaling:", "scaling: [1, 2"), /\d+:\d+ /],
  "bounds that contradict each other": [(text) => withFields(text, { min: "5", max: "2" }), /\d+:\d+ .*max/],
  "an empty file": [() => "", /\d+:\d+ .*empty/],
};

for (const [what, [edit, said]] of Object.entries(mistakes))
  test(`${what}: the last good manifest stays in force, log and status say where the mistake is`, async () => {
    const good = await baselineManifest();
    await applyManifest(good);
    const before = await settled();
    const generation = (await seenSpec())?.generation;
    const log = await controllerLog();
    await saveManifest(edit(good));
    await newLine(log, said, 30_000);
    const condition = await until("the status says so", 30_000, async () => {
      const found_ = (await seenStatus())?.conditions.find(({ type }) => type === "ManifestValid");
      return found_?.status === "False" ? found(found_) : notYet(found_);
    });
    assert.match(condition.message, said);
    assert.match(await dbaas("status"), said);
    assert.equal((await seenSpec())?.generation, generation);
    assertSameWorkers(await settled(), before);
    await insertUsers(`during ${what}`);
    await saveManifest(good);
    await until("the status is content again", 30_000, async () => {
      const valid = (await seenStatus())?.conditions.find(({ type }) => type === "ManifestValid");
      return valid?.status === "True" ? found(valid) : notYet(valid);
    });
  });

const withTable = (text: string): string => `${text.trimEnd()}

      - name: ratings
        primaryKey: [rating_id]
        columns:
          - { name: rating_id, type: integer, autoIncrement: true }
          - { name: stars, type: integer, notNull: true }
`;

const withColumn = (text: string): string =>
  text.replace(
    /( +)(- \{ name: stars, type: integer, notNull: true \})/,
    "$1$2\n$1- { name: remark, type: text }",
  );

test("a table and a column added to the manifest are added to every copy, and the data stays", async () => {
  await insertUsers("before-the-migration");
  const table = withTable(await baselineManifest());
  await applyManifest(table);
  await until("the table takes rows", 30_000, async () => {
    const answer = await write({ op: "insert", table: "ratings", row: { stars: 5 } });
    return answer.status === 200 ? found(true) : notYet(answer.text);
  });
  await applyManifest(withColumn(table));
  await until("the column takes values", 30_000, async () => {
    const answer = await write({
      op: "update",
      table: "ratings",
      set: { remark: "kind" },
      where: { stars: 5 },
    });
    return answer.status === 200 ? found(true) : notYet(answer.text);
  });
  await written({ op: "insert", table: "ratings", row: { stars: 1 } });
  assert.deepEqual(await rowsNow({ table: "ratings", columns: ["stars", "remark"], orderBy: "stars" }), [
    { stars: 1, remark: null },
    { stars: 5, remark: "kind" },
  ]);
  await everyWorkerHas("SELECT stars, remark FROM ratings ORDER BY stars", [
    { stars: 1, remark: null },
    { stars: 5, remark: "kind" },
  ]);
  assert.equal((await rowsNow({ table: "users", where: { username: "before-the-migration" } })).length, 1);
  await equalCopies();
});

test("a table that the manifest no longer names is dropped by SQL, on every copy, and comes back empty with the manifest", async () => {
  const table = withTable(await baselineManifest());
  await applyManifest(table);
  await until("the table is there", 30_000, async () => {
    const answer = await write({ op: "insert", table: "ratings", row: { stars: 4 } });
    return answer.status === 200 ? found(true) : notYet(answer.text);
  });
  const drop = { sql: "DROP TABLE ratings" };
  const named = await write(drop);
  assert.equal(named.status, 400, named.text);
  await applyManifest(await baselineManifest());
  await until("the table is dropped", 30_000, async () => {
    const answer = await write(drop);
    return answer.status === 200 ? found(true) : notYet(answer.text);
  });
  await everyWorkerHas("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'ratings'", [{ n: 0 }]);
  await equalCopies();
  await applyManifest(table);
  await until("the table is there again", 30_000, async () => {
    const answer = await write({ op: "insert", table: "ratings", row: { stars: 3 } });
    return answer.status === 200 ? found(true) : notYet(answer.text);
  });
  await everyWorkerHas("SELECT stars FROM ratings", [{ stars: 3 }]);
});
