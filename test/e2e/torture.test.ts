// A few minutes of `./dbaas torture` under a seed that is always the same: a cluster of its own, broken in one way after
// another while clients use it. Long runs are started by hand; what they have shown is in docs/reliability.md.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { rootDir } from "../support/settings.ts";

const seed = 2026;
const minutes = 3;
/** Bringing it up, the last checkpoint and taking it down take time besides. */
const withinMs = (minutes + 6) * 60_000;

test(`${minutes} minutes of faults under seed ${seed}: the service keeps its word`, async () => {
  const program = join(rootDir, "dist", "torture", "main.js");
  const child = spawn(
    process.execPath,
    ["--enable-source-maps", program, "--seed", String(seed), "--minutes", String(minutes)],
    { cwd: rootDir, stdio: ["ignore", "pipe", "inherit"], timeout: withinMs },
  );
  let told = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  const [code] = await once(child, "exit");
  assert.equal(code, 0, told.slice(-8_000));
  assert.match(told, /no violation\n$/);
});
