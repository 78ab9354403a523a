// `./dbaas torture` under seeds that are always the same: a cluster of its own, broken in one way after another while clients
// use it. Long runs are started by hand; what they have shown is in docs/reliability.md.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { losses } from "../../torture/faults/losses.ts";
import { cluster, ports, rootDir } from "../support/settings.ts";

const seed = 2026;
const minutes = 2;
/** Two other clusters are being tested on the same machine. */
const patience = 3;
/** Bringing it up, the last checkpoint and taking it down take time besides. */
const besidesMs = 8 * 60_000;
/** Each of them stops and starts a whole cluster, some fill the log before. */
const lossesMinutes = 12;

/** @returns what it told */
async function torture(
  options: Readonly<Record<string, string | number>>,
  withinMs: number,
): Promise<string> {
  const program = join(rootDir, "dist", "torture", "main.js");
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
  return told;
}

test(`${minutes} minutes of faults under seed ${seed}: the service keeps its word`, async () => {
  await torture({ seed, minutes, patience }, minutes * 60_000 + besidesMs);
});

test("whatever is lost besides the last full copy, the acknowledged data leads again, or the service stops and says so", async () => {
  const faults = losses.map(({ name }) => name).join(",");
  const options = { seed, minutes: lossesMinutes, rounds: 1, clients: 4, rows: 2_000, patience, faults };
  const told = await torture(options, lossesMinutes * 60_000 + besidesMs);
  // One that could not be made has shown nothing.
  assert.doesNotMatch(told, /could not be done as planned/);
});
