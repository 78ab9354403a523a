// A few minutes of `./dbaas torture` under a seed that is always the same: a cluster of its own, broken in one way after
// another while clients use it. Long runs are started by hand; what they have shown is in docs/reliability.md.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { cluster, ports, rootDir } from "../support/settings.ts";

const seed = 2026;
const minutes = 2;
/** Two other clusters are being tested on the same machine. */
const patience = 3;
/** Bringing it up, the last checkpoint and taking it down take time besides. */
const withinMs = (minutes + 8) * 60_000;

test(`${minutes} minutes of faults under seed ${seed}: the service keeps its word`, async () => {
  const program = join(rootDir, "dist", "torture", "main.js");
  const options = { seed, minutes, patience };
  const given = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(process.execPath, ["--enable-source-maps", program, ...given], {
    cwd: rootDir,
    env: { ...process.env, DBAAS_TORTURE_CLUSTER: cluster, DBAAS_TORTURE_PORT: String(ports.api) },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: withinMs,
  });
  let told = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  const [code] = await once(child, "exit");
  assert.equal(code, 0, told.slice(-8_000));
  assert.match(told, /no violation\n$/);
});
