// docs/operations.md, carried out: each of its commands is run in its order against the tests' cluster, and must succeed and
// print what the document says it prints.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { dbaas, docker } from "../../tools/cluster/command.ts";
import { applyFields, baselineManifest, saveManifest } from "../../tools/cluster/manifest.ts";
import { closeRegistry, seenWindow } from "../../tools/cluster/registry.ts";
import { cluster, environment, manifestDir, ports, rootDir } from "../../tools/cluster/settings.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { type Command, mismatch, sectionsIn } from "../support/console-blocks.ts";
import { read } from "../support/database.ts";
import { Shell } from "../support/shell.ts";
import { quietWindow, windowAfter } from "../support/windows.ts";

const commandMs = 180_000;
const image = process.env.DBAAS_IMAGE ?? "mini-dbaas:latest";

/** The document speaks of a cluster as it is without any settings. */
const names: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w./-])dbaas-(?=zookeeper|rabbitmq|orchestrator|w-|\()/gm, `${cluster}-`],
  [/\.dbaas\/dbaas\.env/g, `.dbaas/${cluster}.env`],
  [/(?<![\w/])manifests\/dbaas\.yaml/g, join(manifestDir, "dbaas.yaml")],
  [/\blocalhost\b/g, `localhost:${ports.api}`],
  [/\bmini-dbaas:latest\b/g, image],
];

const ofThisCluster = (written: string): string =>
  names.reduce((result, [pattern, name]) => result.replace(pattern, name), written);

async function carryOut(shell: Shell, { line, text, expected }: Command): Promise<void> {
  const command = ofThisCluster(text);
  const { code, output } = await shell.run(command, commandMs);
  const why = code === 0 ? mismatch(expected.map(ofThisCluster), output) : `it ended with ${code}`;
  assert.equal(why, null, `line ${line}: $ ${command}\n${output}\n${why}`);
}

/** Whether this process may mount on the folders of the engine's volumes. */
async function isEnginesRoot(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const folder = await docker("volume", "inspect", "--format", "{{.Mountpoint}}", `${cluster}-rabbitmq-data`);
  return existsSync(folder.trim());
}

const hasCurl = (): boolean => {
  try {
    execFileSync("curl", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/** A small disk that a failed step left under a worker: the next of that worker lives on the volume again. */
async function unmount(): Promise<void> {
  if (!existsSync("/proc/self/mounts")) return;
  for (const line of readFileSync("/proc/self/mounts", "utf8").split("\n")) {
    const [kind, folder = ""] = line.split(" ");
    const worker = new RegExp(`/volumes/(${cluster}-w-\\d+)/`).exec(folder)?.[1];
    if (kind !== "tmpfs" || worker === undefined) continue;
    await promisify(execFile)("umount", ["--lazy", folder]);
    await docker("rm", "--force", worker);
  }
}

useCluster({
  // Its outages would be told as errors of the tests' own session.
  ready: async () => {
    // What was read before, of this cluster by other files, would ask for more slaves as soon as there may be some.
    await read({ table: "users" });
    await applyFields({ window: "10s" });
    await quietWindow(10_000);
    // Long beside what the guide sends within one of them, and beside the start of the slaves that it then waits for.
    await applyFields({ window: "60s", max: "8" });
    await settled();
    await closeRegistry();
  },
  afterwards: async () => {
    await unmount();
    await saveManifest(await baselineManifest());
    await rm(join(rootDir, ".dbaas", "operations"), { recursive: true, force: true });
    await dbaas("up");
  },
});

const windowMs = 60_000;

/** All reads that the guide sends at once fall into one window. */
async function freshWindow(): Promise<void> {
  await windowAfter((await seenWindow())?.startedAtMs ?? 0, windowMs);
  await closeRegistry();
}

const sections = sectionsIn(readFileSync(join(rootDir, "docs", "operations.md"), "utf8"));

const beforehand = new Map([["There is too much to do", freshWindow]]);
for (const title of beforehand.keys())
  assert.ok(
    sections.some((section) => section.title === title),
    `there is a section ${title}`,
  );

/** What follows begins with a whole cluster. */
let failed = false;

for (const { title, blocks } of sections)
  test(`operations: ${title}`, { skip: !hasCurl() && "there is no curl on this machine" }, async (t) => {
    if (failed) return t.skip("a section before it failed");
    failed = true;
    await beforehand.get(title)?.();
    const root = await isEnginesRoot();
    const shell = new Shell(rootDir, { ...process.env, ...environment });
    t.after(() => shell.close());
    for (const block of blocks)
      if (block.root && !root) t.diagnostic("steps as root are left out: this is not the engine's root");
      else for (const command of block.commands) await carryOut(shell, command);
    failed = false;
  });
