// What surrounds a command on the running cluster: the pipe it writes into, the signal that ends it, other commands at the
// same time, a manifest beyond what a pipe holds.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { docker } from "../../tools/cluster/command.ts";
import { call } from "../../tools/cluster/http.ts";
import { applyManifest, baselineManifest, withFields } from "../../tools/cluster/manifest.ts";
import { seenSpec } from "../../tools/cluster/registry.ts";
import { containers, environment, manifestDir, rootDir } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { caughtUpWith, insertUsers } from "../support/database.ts";

useCluster();

const script = join(rootDir, "dbaas");
const manifest = join(manifestDir, "dbaas.yaml");
const commandMs = 60_000;

/** A line of bash in which `dbaas` is the script. */
async function bash(
  line: string,
): Promise<{ readonly code: number | null; readonly out: string; readonly error: string }> {
  const child = spawn("bash", ["-c", `dbaas() { "${script}" "$@"; }; ${line}`], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: commandMs,
  });
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code, out, error };
}

const running = async (): Promise<number> => {
  const processes = await docker("top", containers.orchestrator, "-eo", "pid,args");
  return processes.split("\n").filter((line) => line.includes("cli/main.ts")).length;
};

const untilRun = (wanted: number, withinMs: number) =>
  until(`${wanted} commands run in the cluster`, withinMs, async () => {
    const count = await running();
    return count === wanted ? found(true) : notYet(count);
  });

const untilNoneRuns = () => untilRun(0, 30_000);

const watches = ["get workers -w", "status -w", "events -w", "wait --for=readySlaves=99 --timeout 50s"];

for (const watch of watches)
  for (const [how, line] of [
    ["its time is over", `timeout 4 "${script}" ${watch} >/dev/null`],
    ["it is killed", `timeout --signal KILL 4 "${script}" ${watch} >/dev/null`],
    ["its terminal is gone", `timeout --signal HUP 4 "${script}" ${watch} >/dev/null`],
  ] as const)
    test(`${watch} leaves nothing behind when ${how}`, async () => {
      await bash(line);
      await untilNoneRuns();
    });

for (const watch of watches)
  test(`${watch} ends when nobody reads its output any more`, async () => {
    await bash(`dbaas ${watch} | head -n 0`);
    await untilNoneRuns();
  });

test("logs -f ends when nobody reads its output any more", async () => {
  await bash("dbaas logs -f | head -n 1");
  await bash("dbaas logs -f --all | head -n 1");
});

test("however many watches are started, few run, the others are told, and the service stays", async (t) => {
  const before = (
    await docker("inspect", "--format", "{{.State.StartedAt}}", containers.orchestrator)
  ).trim();
  const folder = await mkdtemp(join(tmpdir(), "dbaas-watches-"));
  t.after(() => rm(folder, { recursive: true }));
  const told = join(folder, "told");
  const enough = join(folder, "enough");
  const many = bash(
    `for i in {1..24}; do timeout 90 "${script}" events -w 2>>"${told}" & done
    until [ -e "${enough}" ]; do sleep 0.2; done
    kill $(jobs -p)
    wait`,
  );
  // They go on until all have started, however long that takes.
  await until("those without a place are told", 60_000, async () => {
    const text = await readFile(told, "utf8").catch(() => "");
    const count = text.match(/8 commands watch or wait in this cluster already/g)?.length ?? 0;
    return count === 16 ? found(true) : notYet(count);
  });
  // Those that were told may not have ended yet, and those with a place not begun.
  await untilRun(8, 60_000);
  assert.equal((await call("GET", "/readyz")).status, 200);
  assert.equal((await bash("dbaas get workers")).code, 0);
  await writeFile(enough, "");
  await many;
  await untilNoneRuns();
  const after = (await docker("inspect", "--format", "{{.State.StartedAt}}", containers.orchestrator)).trim();
  assert.equal(after, before);
});

test("short commands at the same time wait for one another", async () => {
  const { code, error } = await bash(
    'for i in {1..10}; do dbaas get workers >/dev/null & done; while [ -n "$(jobs)" ]; do wait -n || exit 1; done',
  );
  assert.equal(code, 0, error);
});

test("an answer beyond what a pipe holds arrives whole in every form", async () => {
  const names = Array.from({ length: 3_000 }, (_, i) => `streamed-${i}-${"x".repeat(40)}`);
  await caughtUpWith(await insertUsers(...names));
  for (const format of ["json", "yaml", "csv", "table"]) {
    const { code, out } = await bash(`dbaas sql "SELECT username FROM users" -o ${format} | (sleep 1; cat)`);
    assert.equal(code, 0);
    assert.equal(out.match(/streamed-\d+-x{40}/g)?.length, names.length, format);
  }
});

test("a manifest beyond what a pipe holds is edited, compared and applied whole", async () => {
  const baseline = await baselineManifest();
  const remark = `${"# A remark of an operator who explains a lot, on a line of its own.\n".repeat(3_000)}`;
  const long = `${remark}${baseline}${remark}`;
  assert.ok(long.length > 400_000);
  await applyManifest(long);
  for (const [command, wanted] of [
    ["scale --max 4", withFields(long, { max: "4" })],
    ["pause", null],
    ["resume", withFields(long, { max: "4" })],
    ["diff", withFields(long, { max: "4" })],
  ] as const) {
    const { code, error } = await bash(`dbaas ${command}`);
    assert.equal(code, 0, error);
    const now = await readFile(manifest, "utf8");
    if (wanted === null) assert.equal(now.replace(/^ +paused: true\n/m, "").length > long.length - 100, true);
    else assert.equal(now.replace(/^ +paused: false.*\n/m, ""), wanted.replace(/^ +paused: false.*\n/m, ""));
  }
  await applyManifest(baseline);
  await settled();
});

test("two edits at once are both carried out, or one of them says that it was not", async () => {
  const before = await baselineManifest();
  await applyManifest(before);
  const { code, error } = await bash(
    "dbaas scale --max 6 & one=$!; dbaas scale --max 1 & two=$!; dbaas pause & three=$!; wait $one && wait $two && wait $three && dbaas resume",
  );
  assert.equal(code, 0, error);
  const max = /^ +max: (\d)/m.exec(await readFile(manifest, "utf8"))?.[1];
  assert.ok(max === "6" || max === "1", max);
  const spec = (await seenSpec())?.spec;
  assert.equal(spec?.scaling.max, Number(max));
  assert.equal(spec?.paused, false);
  await applyManifest(before);
});
