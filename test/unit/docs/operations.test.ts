// What docs/operations.md says of alerts; its steps are executed by the end-to-end test of the same name.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { rootDir } from "../../../tools/cluster/settings.ts";

const textOf = (...path: string[]): string => readFileSync(join(rootDir, ...path), "utf8");

test("every alert leads somewhere in docs/operations.md, and every alert named there exists", () => {
  const alerts = [...textOf("manifests", "alerts.yaml").matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const named = [...textOf("docs", "operations.md").matchAll(/`(Dbaas\w+)`/g)].map(([, name]) => name);
  assert.ok(alerts.length > 0);
  assert.deepEqual([...new Set(named)].sort(), [...alerts].sort());
});
