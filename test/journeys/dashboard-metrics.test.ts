// What operators' tools see: the metrics of every program, and that whatever the files under manifests/ ask Prometheus for
// is really told; then status and events over HTTP.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parseYaml } from "../../core/manifest/yaml.ts";
import type { NumberedEvent, Stats } from "../../core/state/stats.ts";
import type { ClusterStatus } from "../../core/state/status.ts";
import { docker } from "../../tools/cluster/command.ts";
import { call } from "../../tools/cluster/http.ts";
import { applyManifest, baselineManifest, withFields } from "../../tools/cluster/manifest.ts";
import { seenStatus } from "../../tools/cluster/registry.ts";
import { containers, rootDir } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { masterOf, slavesOf, workers } from "../../tools/cluster/workers.ts";
import { settled, useCluster } from "../support/cluster.ts";
import { crash, insertUsers, read } from "../support/database.ts";

useCluster({
  // So that everything has happened once that is counted: a backup, reads, writes, a failover.
  ready: async () => {
    await applyManifest(withFields(await baselineManifest(), { every: "1h" }));
    await until("the status tells of a good backup", 60_000, async () => {
      const backups = (await seenStatus())?.backups;
      return (backups?.lastGood ?? null) === null ? notYet(backups) : found(true);
    });
    await insertUsers("somebody");
    await read({ table: "users" });
    await crash("master");
    await settled();
    await insertUsers("somebody else");
    await read({ table: "users" });
  },
});

const manifestFile = (name: string): Promise<string> => readFile(join(rootDir, "manifests", name), "utf8");

/** The metrics of a program inside a container, which has no port on the host. */
const inside = (container: string, host: string): Promise<string> =>
  docker(
    "exec",
    container,
    "node",
    "--input-type=module",
    "--eval",
    `const r = await fetch("http://${host}:9100/metrics"); process.stdout.write(await r.text());`,
  );

async function api(): Promise<string> {
  const answer = await call("GET", "/metrics");
  assert.equal(answer.status, 200);
  assert.match(answer.headers["content-type"] ?? "", /^text\/plain; version=0\.0\.4/);
  return answer.text;
}

const everything = async (): Promise<string> =>
  [await api(), await inside(containers.orchestrator, "localhost"), ...(await ofWorkers())].join("\n");

const ofWorkers = async (): Promise<readonly string[]> =>
  Promise.all((await workers()).map(({ containerName }) => inside(containerName, "localhost")));

const namesTold = (text: string): ReadonlySet<string> =>
  new Set([...text.matchAll(/^(dbaas_\w+)(?:\{| )/gm)].map((match) => match[1] ?? ""));

const namesAsked = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(/\bdbaas_\w+/g)].map(([name]) => name)),
];

test("every metric that the dashboard and the alerts ask for is told by the running system", async () => {
  const told = namesTold(await everything());
  for (const file of ["grafana-dashboard.json", "alerts.yaml"]) {
    const asked = namesAsked(await manifestFile(file));
    assert.ok(asked.length > 5, `${file} asks for something`);
    assert.deepEqual(
      asked.filter((name) => !told.has(name)),
      [],
      `${file} asks for what nobody tells`,
    );
  }
});

test("the files for Grafana and Prometheus are whole", async () => {
  const dashboard = JSON.parse(await manifestFile("grafana-dashboard.json")) as {
    readonly panels: readonly {
      readonly id: number;
      readonly targets?: readonly { readonly expr: string }[];
    }[];
  };
  const ids = dashboard.panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, "panels have ids of their own");
  for (const { targets = [] } of dashboard.panels)
    for (const { expr } of targets) assert.equal(expr.split("(").length, expr.split(")").length, expr);
  for (const file of ["alerts.yaml", "prometheus.yaml"]) {
    const { value, problems } = parseYaml(await manifestFile(file));
    assert.deepEqual(problems, [], file);
    assert.ok(typeof value === "object" && value !== null, file);
  }
});

test("the API counts requests by route and status, and what waits in its queues", async () => {
  const text = await api();
  assert.match(
    text,
    /^dbaas_http_request_seconds_count\{method="POST",route="\/api\/v1\/db\/read",status="200",.*\} [1-9]/m,
  );
  assert.match(
    text,
    /^dbaas_http_request_seconds_bucket\{method="POST",route="\/api\/v1\/db\/write",status="200",le="\+Inf",.*\} [1-9]/m,
  );
  for (const queue of ["readQ", "writeQ", "syncQ", "responseQ", "deadQ"])
    assert.match(text, new RegExp(`^dbaas_queue_messages\\{queue="${queue}",.*\\} \\d+$`, "m"));
});

test("the controller tells its cycles, what it did, and the failover", async () => {
  const text = await inside(containers.orchestrator, "localhost");
  assert.match(text, /^dbaas_controller_cycles_total\{result="ok",.*\} [1-9]/m);
  assert.match(text, /^dbaas_controller_actions_total\{kind="startWorker",result="ok",.*\} [1-9]/m);
  assert.match(text, /^dbaas_controller_failovers_total\{.*\} [1-9]/m);
  assert.match(text, /^dbaas_slaves_desired\{.*\} 1$/m);
});

test("every worker tells its role, and one name in the network finds them all", async () => {
  const all = await workers();
  const texts = await ofWorkers();
  for (const [i, { name, state }] of all.entries())
    assert.match(
      texts[i] ?? "",
      new RegExp(`^dbaas_worker_state\\{state="${state}",program="worker",worker="${name}"\\} 1$`, "m"),
    );
  const addresses = await docker(
    "exec",
    containers.orchestrator,
    "node",
    "--input-type=module",
    "--eval",
    'import { resolve4 } from "node:dns/promises"; process.stdout.write(JSON.stringify(await resolve4("workers")));',
  );
  assert.equal((JSON.parse(addresses) as string[]).length, all.length);
});

test("the status says what shall be, what is, and since when", async () => {
  const answer = await call("GET", "/api/v1/status");
  assert.equal(answer.status, 200);
  const status = answer.body as ClusterStatus;
  const real = await workers();
  assert.equal(status.desiredSlaves, 1);
  assert.equal(status.readySlaves, slavesOf(real).length);
  assert.equal(status.master, masterOf(real).name);
  assert.equal(status.observedGeneration, status.generation);
  assert.deepEqual(
    [...status.workers].map(({ pid, state }) => [pid, state]).sort(),
    real.map(({ pid, state }) => [pid, state]).sort(),
  );
  for (const { lag, lagMs, sinceMs, position } of status.workers) {
    assert.ok(lag >= 0 && lagMs >= 0 && position > 0);
    assert.ok(sinceMs <= Date.now());
  }
  for (const { type, status: is, reason, message, sinceMs } of status.conditions) {
    assert.match(is, /^(True|False|Unknown)$/, type);
    assert.match(reason, /^[A-Z][A-Za-z]+$/, type);
    assert.ok(message.length > 0 && sinceMs > 0, type);
  }
  const last = status.failovers.at(-1);
  assert.equal(last?.epoch, status.epoch);
  assert.ok(last?.gapMs === null || (last?.gapMs ?? -1) >= 0);
  assert.ok(status.window !== null && status.window.endsAtMs > status.window.startedAtMs);
});

test("the events say who decided what, can be asked for from a moment on, and come as they happen", async () => {
  const all = (await call("GET", "/api/v1/events")).body as readonly NumberedEvent[];
  assert.ok(
    all.some(({ reason }) => reason === "ExecuteCommand"),
    "the crash call is told",
  );
  assert.ok(all.every(({ id, reconcile, message }) => id !== "" && reconcile !== "" && message !== ""));
  const middle = all[Math.floor(all.length / 2)];
  assert.ok(middle !== undefined);
  const later = (await call("GET", `/api/v1/events?since=${middle.id}`)).body as readonly NumberedEvent[];
  assert.deepEqual(
    later.slice(0, 3).map(({ id }) => id),
    all.slice(all.indexOf(middle) + 1, all.indexOf(middle) + 4).map(({ id }) => id),
  );
  const lastId = all.at(-1)?.id ?? "";
  const gone = await crash("slave");
  await until("the killing of the slave is an event", 20_000, async () => {
    const added = (await call("GET", `/api/v1/events?since=${lastId}`)).body as readonly NumberedEvent[];
    return added.some(({ message }) => message.includes(`pid ${gone}`)) ? found(true) : notYet(added);
  });
  await settled();
});

test("the figures of the last second are there for everybody", async () => {
  await read({ table: "users" });
  const stats = (await call("GET", "/api/v1/stats")).body as Stats;
  assert.ok(stats.reads.total > 0);
  assert.deepEqual(stats.reachable, { rabbitmq: true, zookeeper: true, controller: true });
  assert.deepEqual(Object.keys(stats.queues ?? {}).sort(), [
    "deadQ",
    "readQ",
    "responseQ",
    "syncQ",
    "writeQ",
  ]);
  assert.equal(stats.scaling?.readsPerSlave, 20);
});
