// The command line on the running cluster, as an operator types it: what it prints, what it changes, how it exits.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { WorkerStatus } from "../../core/state/status.ts";
import { applyManifest, baselineManifest, saveManifest, withFields } from "../../tools/cluster/manifest.ts";
import { seenSpec, seenStatus } from "../../tools/cluster/registry.ts";
import { environment, manifestDir, rootDir } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { masterOf, workers } from "../../tools/cluster/workers.ts";
import { assertSameWorkers, settled, useCluster } from "../support/cluster.ts";
import { caughtUpWith, insertUsers } from "../support/database.ts";

useCluster();

const script = join(rootDir, "dbaas");
const manifest = join(manifestDir, "dbaas.yaml");
const candidate = join(manifestDir, "candidate.yaml");
const commandMs = 200_000;

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Not synchronously: the tests' own ZooKeeper session must go on meanwhile. */
async function run(
  file: string,
  args: readonly string[],
  input = "",
  extra: NodeJS.ProcessEnv = {},
): Promise<Ran> {
  const child = spawn(file, args, {
    env: { ...process.env, ...environment, ...extra },
    timeout: commandMs,
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { code, out, error };
}

const dbaas = (args: readonly string[], input?: string): Promise<Ran> => run(script, args, input);

/** One that must succeed. */
async function said(...args: string[]): Promise<string> {
  const { code, out, error } = await dbaas(args);
  assert.equal(code, 0, `${args.join(" ")}: ${out}${error}`);
  return out;
}

test("get workers prints them as a table, wide with more columns, and as JSON and YAML", async () => {
  const names = (await settled()).map(({ name }) => name).sort();
  assert.match(await said("get", "workers"), /^NAME +STATE +PID[\s\S]*w-\d +master/);
  assert.match(await said("get", "workers", "-o", "wide"), /EPOCH +CONTAINER/);
  const json = JSON.parse(await said("get", "workers", "-o", "json")) as readonly { readonly name: string }[];
  assert.deepEqual(json.map(({ name }) => name).sort(), names);
  assert.match(await said("get", "workers", "-o", "yaml"), /^- name: w-\d/);
});

test("status, events and describe tell what there is", async () => {
  const { name } = masterOf(await settled());
  assert.match(await said("status"), /Cluster \S+: ready, a master, 1 of 1 slave ready/);
  assert.match(await said("events"), /TIME \(UTC\)[\s\S]*SlaveReady/);
  assert.match(await said("describe", "worker", name), new RegExp(`Name: +${name}\\nState: +master`));
  assert.equal((await dbaas(["describe", "worker", "w-99"])).code, 4);
  assert.equal((await dbaas(["get", "nonsense"])).code, 2);
});

test("sql reads and writes, and says what is wrong with a statement", async () => {
  await caughtUpWith(await insertUsers("typed"));
  const select = "SELECT username FROM users WHERE username = 'typed'";
  assert.match(await said("sql", select), /typed\n1 row/);
  assert.equal(await said("sql", "DELETE FROM users WHERE username = 'typed'"), "1 row changed\n");
  assert.deepEqual(JSON.parse(await said("sql", "--strong", "-o", "json", select)), []);
  const { code, error } = await dbaas(["sql", "SELECT name FROM users"]);
  assert.equal(code, 1);
  assert.match(error, /^dbaas: no such column: name\n$/);
  assert.equal((await dbaas(["sql", "DROP TABLE users"])).code, 1);
  assert.equal((await dbaas(["sql", select, "-o", "wide"])).code, 2);
});

test("diff exits with 0 when nothing would change", async () => {
  await applyManifest(await baselineManifest());
  assert.match(await said("diff"), /^No change/);
});

test("diff tells what a file would do, exits with 1, and does nothing", async () => {
  const before = await settled();
  const generation = (await seenSpec())?.generation;
  const wanted = withFields(await baselineManifest(), { max: "4", min: "3", baseline: "3", memory: "640Mi" });
  const added = "          - { name: email, type: text }\n";
  const line = "          - { name: password, type: text, notNull: true }\n";
  await writeFile(candidate, wanted.replace(line, line + added));
  const { code, out } = await dbaas(["diff", "-f", candidate]);
  assert.equal(code, 1);
  assert.match(out, /spec\.scaling\.min +1 +3/);
  assert.match(out, /spec\.worker\.memory +512Mi +640Mi/);
  assert.match(out, /start w-\d+, w-\d+; replace w-\d+, w-\d+ one by one/);
  assert.match(out, /ALTER TABLE "users" ADD COLUMN "email" TEXT/);
  assert.equal((await seenSpec())?.generation, generation);
  assertSameWorkers(await settled(), before);
});

test("diff tells every problem of a file with line and column, and exits with 2", async () => {
  const wanted = withFields(await baselineManifest(), { max: "none", window: "soon" });
  await writeFile(candidate, wanted);
  const { code, error } = await dbaas(["diff", "-f", candidate]);
  assert.equal(code, 2);
  assert.match(error, /^candidate\.yaml:\d+:\d+: spec\.scaling\.max must be a whole number/m);
  assert.match(error, /^candidate\.yaml:\d+:\d+: spec\.scaling\.window must be a duration/m);
});

test("apply refuses what is not valid, and without anybody to ask needs --yes", async () => {
  const before = await readFile(manifest, "utf8");
  assert.equal((await dbaas(["apply", "-f", candidate, "--yes"])).code, 2);
  await writeFile(candidate, withFields(before, { readsPerSlave: "25" }));
  const { code, error } = await dbaas(["apply", "-f", candidate]);
  assert.equal(code, 2);
  assert.match(error, /--yes/);
  assert.equal(await readFile(manifest, "utf8"), before);
});

test("apply puts a file in force, and says so", async () => {
  const generation = (await seenSpec())?.generation ?? 0;
  const { code, out } = await dbaas(["apply", "-f", candidate, "--yes"]);
  assert.equal(code, 0);
  assert.match(out, /spec\.scaling\.readsPerSlave +20 +25/);
  assert.match(out, new RegExp(`The manifest is in force as generation ${generation + 1}\\.`));
  assert.equal(await readFile(manifest, "utf8"), await readFile(candidate, "utf8"));
  assert.equal((await seenSpec())?.spec.scaling.readsPerSlave, 25);
});

test("apply reads standard input", async () => {
  const { code, out, error } = await dbaas(["apply", "-f", "-", "--yes"], await baselineManifest());
  assert.equal(code, 0, error);
  assert.match(out, /readsPerSlave +25 +20/);
});

test("scale edits the manifest in place, keeps its comments, and waits for the workers", async () => {
  const before = await readFile(manifest, "utf8");
  await said("scale", "--min", "2", "--max", "2", "--baseline", "2", "--wait");
  assert.equal(await readFile(manifest, "utf8"), withFields(before, { min: "2", max: "2", baseline: "2" }));
  assert.equal((await seenStatus())?.readySlaves, 2);
  await said("scale", "--min", "1", "--max", "1", "--baseline", "1", "--wait");
  assert.equal(await readFile(manifest, "utf8"), before);
  await settled();
});

test("scale refuses bounds that contradict each other, and changes nothing", async () => {
  const before = await readFile(manifest, "utf8");
  const { code, error } = await dbaas(["scale", "--min", "5"]);
  assert.equal(code, 2);
  assert.match(error, /dbaas\.yaml:\d+:\d+: spec\.scaling\.max must be at least min/);
  assert.equal((await dbaas(["scale"])).code, 2);
  assert.equal((await dbaas(["scale", "--min", "many"])).code, 2);
  assert.equal(await readFile(manifest, "utf8"), before);
});

test("pause lets the controller only watch, resume lets it act again", async () => {
  assert.match(await said("pause"), /Paused: the controller observes and reports/);
  assert.equal((await seenSpec())?.spec.paused, true);
  assert.doesNotMatch(await said("resume"), /Paused/);
  assert.equal((await seenSpec())?.spec.paused, false);
  assert.equal(await readFile(manifest, "utf8"), await baselineManifest());
});

/**
 * Tells slaves that are taken away from such as are out of sight for a moment, or lead because the master was: a worker counts, by its
 * container, from when it was seen as a slave until it drains or is dead. One that leads because the master drains does not.
 */
class Serving {
  readonly #slaves = new Set<string>();
  readonly #masters = new Set<string>();
  #handedOver = false;

  count(workers: readonly WorkerStatus[]): number {
    for (const { container, state } of workers) {
      if (state === "slave") this.#slaves.add(container);
      if (state === "master") this.#masters.add(container);
      this.#handedOver ||= state === "draining" && this.#masters.has(container);
    }
    const away = this.#handedOver ? ["draining", "dead", "master"] : ["draining", "dead"];
    return workers.filter(({ container, state }) => this.#slaves.has(container) && !away.includes(state))
      .length;
  }
}

test("other limits in the manifest replace every worker one by one, without an interruption", async () => {
  const before = await settled();
  const wanted = withFields(await baselineManifest(), { memory: "500Mi" });
  await saveManifest(wanted);
  const serving = new Serving();
  const slavesSeen: number[] = [];
  await until("every worker is a new one", 180_000, async () => {
    const status = await seenStatus();
    slavesSeen.push(serving.count(status?.workers ?? []));
    const all = await settled(1, 1);
    const kept = all.filter(({ id }) => before.some((old) => old.id === id));
    return kept.length === 0 ? found(true) : notYet(kept.map(({ name }) => name));
  });
  assert.ok(Math.min(...slavesSeen) >= 1, `slaves that serve: ${slavesSeen.join()}`);
  assert.match(await said("events"), /has other limits than the manifest asks for -> replacing it/);
  await said("scale", "--max", "1", "--wait");
});

test("switchover makes another worker the master", async () => {
  const old = masterOf(await settled());
  await said("switchover");
  await until("another one leads", 60_000, async () => {
    const now = masterOf(await workers());
    return now.id === old.id ? notYet(now.name) : found(now);
  });
  await settled();
});

test("get workers -w prints again when something changes, events -w goes on with what comes", async () => {
  const watching = ["get workers -w", "events -w"].map((command) => {
    const child = spawn(script, command.split(" "), { env: { ...process.env, ...environment } });
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
    });
    return { child, printed: () => printed };
  });
  const [workers, events] = watching;
  try {
    await until("both have begun", 60_000, async () =>
      watching.every(({ printed }) => printed() !== "") ? found(true) : notYet("nothing"),
    );
    const eventsBefore = events?.printed().length ?? 0;
    await said("scale", "--min", "2", "--max", "2", "--baseline", "2");
    await until("both tell of the second slave", 60_000, async () => {
      const table = workers?.printed().split("NAME ").at(-1) ?? "";
      const news = events?.printed().slice(eventsBefore) ?? "";
      const told = [...table.matchAll(/^w-\d +slave /gm)].length === 2 && /SlaveReady +slave w-\d/.test(news);
      return told ? found(true) : notYet({ table, news });
    });
  } finally {
    for (const { child } of watching) child.kill();
  }
});

test("every command has a help with an example", async () => {
  for (const command of [
    "status",
    "get",
    "describe",
    "events",
    "sql",
    "wait",
    "switchover",
    "accept-loss",
    "diff",
    "apply",
    "scale",
  ])
    assert.match(
      await said(command, "--help"),
      new RegExp(`Examples?:[\\s\\S]*\\./dbaas ${command}`),
      command,
    );
  for (const command of ["pause", "resume"]) assert.match(await said(command, "--help"), /Example:/);
});

test("a cluster that does not run is told as such, with exit code 3", async () => {
  const { code, error } = await run(script, ["diff"], "", { DBAAS_CLUSTER: "nowhere" });
  assert.equal(code, 3);
  assert.match(error, /nowhere is not running; \.\/dbaas up starts it/);
});

test("the completion offers commands, kinds and workers", async () => {
  await settled(2);
  const press =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own
    'source <("$1" completion bash); COMP_WORDS=("$@" ""); COMP_CWORD=$#; _dbaas; echo "${COMPREPLY[*]}"';
  const offered = async (...words: readonly string[]): Promise<string> =>
    (await run("bash", ["-c", press, "_", script, ...words])).out.trim();
  assert.match(await offered(), /\bup\b.*\bscale\b.*\bcompletion\b/);
  assert.equal(await offered("get"), "workers master slaves hosts status events backups");
  assert.match(await offered("describe", "worker"), /w-\d+ w-\d+ w-\d+/);
});
