// Runs `./dbaas torture` as a process of its own, on the cluster that tests may break.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { cluster, ports, rootDir } from "../../tools/cluster/settings.ts";

/** Two other clusters are being tested on the same machine. */
const patience = 3;
/** Bringing it up, the last checkpoint and taking it down take time besides. */
const besidesMs = 6 * 60_000;

interface Options extends Readonly<Record<string, string | number>> {
  readonly minutes: number;
}

/** @returns what it told; @throws AssertionError when the service did not keep its word */
export async function torture(options: Options): Promise<string> {
  const program = join(rootDir, "tools", "torture", "main.ts");
  const given = Object.entries({ ...options, patience }).flatMap(([name, value]) => [
    `--${name}`,
    String(value),
  ]);
  const child = spawn(process.execPath, [program, ...given], {
    cwd: rootDir,
    env: { ...process.env, DBAAS_TORTURE_CLUSTER: cluster, DBAAS_TORTURE_PORT: String(ports.api) },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: options.minutes * 60_000 + besidesMs,
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
