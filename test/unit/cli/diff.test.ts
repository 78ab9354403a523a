import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type ClusterNow, diffOf, diffText, isSame } from "../../../cli/diff.ts";
import { fieldChanges } from "../../../cli/field-changes.ts";
import type { ManifestSpec } from "../../../core/manifest/manifest.ts";
import { parseManifest } from "../../../core/manifest/parse.ts";
import { parseYaml } from "../../../core/manifest/yaml.ts";
import type { Table } from "../../../core/schema.ts";
import type { WorkerStatus } from "../../../core/state/status.ts";
import type { TablesNode } from "../../../core/state/znodes.ts";

const text = readFileSync(fileURLToPath(new URL("../../../manifests/dbaas.yaml", import.meta.url)), "utf8");
const accepted = parseManifest(text).spec;

const edited = (from: string, to: string): ManifestSpec => {
  assert.ok(text.includes(from));
  return parseManifest(text.replace(from, to)).spec;
};

const worker = (name: string, pid: number, state: WorkerStatus["state"]): WorkerStatus => ({
  name,
  container: name,
  host: "host1",
  pid,
  state,
  epoch: 1,
  position: 1,
  lag: 0,
  lagMs: 0,
  readsServed: 0,
  writesServed: 0,
  sinceMs: 0,
});

const now = (changes: Partial<ClusterNow> = {}): ClusterNow => ({
  accepted: { generation: 3, spec: accepted },
  window: null,
  workers: [worker("w-1", 100, "master"), worker("w-2", 200, "slave")],
  ...changes,
});

describe("diffOf", () => {
  it("finds nothing in the manifest that is in force", () => {
    const diff = diffOf(now(), accepted);
    assert.ok(isSame(diff));
    assert.match(diffText(diff), /^No change/);
  });

  it("names the workers that would be started, under the lowest free names", () => {
    const diff = diffOf(now(), raised(3));
    assert.deepEqual(diff.workers.start, ["w-3", "w-4"]);
    assert.deepEqual(diff.workers.drain, []);
  });

  it("names the workers that would be drained: one that is not ready first, then the highest pids", () => {
    const workers = [
      worker("w-1", 100, "master"),
      worker("w-2", 400, "slave"),
      worker("w-3", 300, "slave"),
      worker("w-4", 200, "joining"),
    ];
    assert.deepEqual(diffOf(now({ workers }), accepted).workers.drain, ["w-4", "w-2"]);
  });

  it("goes by the demand that was counted last, within the new bounds", () => {
    const demand = { slaves: 5, reads: 100, endedAtMs: 1, windowMs: 120_000 };
    const window = { startedAtMs: 1, readsAtStart: 0, demand };
    assert.deepEqual(diffOf(now({ window }), bounded(4)).workers.start, ["w-3", "w-4", "w-5"]);
  });

  it("says that all are replaced when a worker gets other limits", () => {
    const diff = diffOf(now(), edited("memory: 512Mi", "memory: 768Mi"));
    assert.deepEqual(diff.fields, [{ field: "spec.worker.memory", before: "512Mi", after: "768Mi" }]);
    assert.deepEqual(diff.workers.replace, ["w-1", "w-2"]);
  });

  it("tells the migration of an added column, and refuses what would cost data", () => {
    const changed = edited(
      "- { name: password, type: text, notNull: true }",
      "- { name: password, type: integer, notNull: true }\n          - { name: email, type: text }",
    );
    const { schema } = diffOf(now(), changed);
    assert.deepEqual(schema.statements, ['ALTER TABLE "users" ADD COLUMN "email" TEXT']);
    assert.deepEqual(schema.refused, [
      'column users.password: it cannot be changed: type is "text", not "integer"',
    ]);
    assert.match(
      diffText(diffOf(now(), changed)),
      /Tables:\n {2}ALTER[\s\S]*refused: column users\.password/,
    );
  });

  describe("when a master has told which tables there are", () => {
    const told = (
      change: (tables: readonly Table[]) => readonly Table[],
      failed: TablesNode["failed"] = [],
    ) => now({ tables: { epoch: 1, schema: { tables: change(accepted.database.tables) }, failed } });

    it("compares with those, not with those that were asked for", () => {
      const { schema } = diffOf(
        told((tables) => tables.filter(({ name }) => name !== "riders")),
        accepted,
      );
      assert.deepEqual(
        schema.statements.map((sql) => sql.split(" (")[0]),
        ['CREATE TABLE "riders"', 'CREATE INDEX "index on riders'],
      );
    });

    it("says what of the manifest in force was refused, with line and column", () => {
      const yaml = parseYaml(text);
      const diff = diffOf(
        told(
          (tables) => tables.map((table) => (table.name === "rides" ? { ...table, indexes: [] } : table)),
          [{ what: "index on rides (created_by)", reason: "no room left for the database" }],
        ),
        accepted,
        (path) => yaml.locate(["spec", "database", ...path]),
      );
      assert.ok(!isSame(diff));
      assert.match(
        diff.schema.refused[0] ?? "",
        /^\d+:13 index on rides \(created_by\): no room left for the database$/,
      );
      assert.match(diffText(diff), /CREATE INDEX "index on rides \(source, destination\)"/);
    });

    it("names what is kept, and calls that no change", () => {
      const diff = diffOf(
        told((tables) => [
          ...tables,
          { name: "old", primaryKey: ["a"], columns: [{ name: "a", type: "text" }] },
        ]),
        accepted,
      );
      assert.ok(isSame(diff));
      assert.match(diffText(diff), /^No change.*\nKept beside it: table old\n$/);
    });
  });

  it("says that a log keeps to what it was made with", () => {
    const diff = diffOf(now(), edited("retentionSize: 1Gi", "retentionSize: 2Gi"));
    assert.match(diffText(diff), /Log: the log keeps 1Gi and 168h0m0s, not 2Gi and 168h0m0s/);
    const taken = { generation: 4, spec: edited("retentionSize: 1Gi", "retentionSize: 2Gi") };
    assert.ok(!isSame(diffOf(now({ accepted: taken, logRetention: accepted.log }), taken.spec)));
  });

  it("says what waits while the manifest pauses the controller", () => {
    const diff = diffOf(
      now({ workers: [worker("w-1", 1, "master")] }),
      edited("paused: false", "paused: true"),
    );
    assert.match(diffText(diff), /start w-2, once the manifest no longer pauses/);
  });

  it("takes everything for new when nothing was ever taken up", () => {
    const diff = diffOf({ accepted: null, window: null, workers: [] }, accepted);
    assert.deepEqual(diff.workers.start, ["w-1", "w-2"]);
    assert.equal(diff.schema.statements.filter((sql) => sql.startsWith("CREATE TABLE")).length, 3);
    assert.deepEqual(diff.workers.replace, []);
  });
});

function raised(min: number): ManifestSpec {
  return { ...accepted, scaling: { ...accepted.scaling, min, baseline: min } };
}

function bounded(max: number): ManifestSpec {
  return { ...accepted, scaling: { ...accepted.scaling, max } };
}

describe("fieldChanges", () => {
  it("names and writes fields as the manifest does", () =>
    assert.deepEqual(
      fieldChanges(accepted, {
        ...accepted,
        scaling: { ...accepted.scaling, windowMs: 30_000 },
        log: { ...accepted.log, retentionBytes: 2 ** 31 },
        requests: { ...accepted.requests, idempotencyMs: 3_600_000 },
      }),
      [
        { field: "spec.scaling.window", before: "2m0s", after: "30s" },
        { field: "spec.log.retentionSize", before: "1Gi", after: "2Gi" },
        { field: "spec.requests.idempotencyRetention", before: "24h0m0s", after: "1h0m0s" },
      ],
    ));

  it("tells tokens by their names, and little of their hashes", () => {
    const token = { name: "shop", role: "writer" as const, sha256: "ab".repeat(32) };
    const access = { ...accepted.access, tokens: [token] };
    assert.deepEqual(fieldChanges(accepted, { ...accepted, access }), [
      { field: "spec.access.tokens[shop].name", before: null, after: "shop" },
      { field: "spec.access.tokens[shop].role", before: null, after: "writer" },
      { field: "spec.access.tokens[shop].sha256", before: null, after: "ababab…" },
    ]);
  });
});
