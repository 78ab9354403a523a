import assert from "node:assert/strict";
import { it } from "node:test";
import { controllerMetrics, Measures } from "../../../controller/measures.ts";
import { clusterStatus } from "../cli/cluster-status.ts";

it("tells Prometheus the age and the size of the last good backup, and how many failed", async () => {
  const measures = new Measures();
  const metrics = controllerMetrics(measures, { wallMs: () => 90_000 });
  assert.doesNotMatch(await metrics.text(), /^dbaas_backup_age_seconds/m);
  const lastGood = { name: "a", atMs: 30_000, position: 7, bytes: 4_096 };
  measures.status = clusterStatus({ backups: { lastGood, failure: null, failures: 3 } });
  const text = await metrics.text();
  assert.match(text, /^dbaas_backup_age_seconds(\{.*\})? 60$/m);
  assert.match(text, /^dbaas_backup_size_bytes(\{.*\})? 4096$/m);
  assert.match(text, /^dbaas_backup_failures_total(\{.*\})? 3$/m);
});
