// Three hosts, and the cluster on them: brought up, broken host by host under clients whose every answer is checked, taken away. The
// faults, the clients and the checkers are torture's; here is what each promise about several hosts stands on, once and in order.
// Times are told, not held: three hosts share one machine here.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { ClusterStatus } from "../../core/state/status.ts";
import { lines } from "../../tools/cluster/command.ts";
import { call } from "../../tools/cluster/http.ts";
import { cluster } from "../../tools/cluster/settings.ts";
import { found, notYet, until } from "../../tools/cluster/until.ts";
import { whyNoHosts } from "../../tools/hosts/whether.ts";
import { checkpoint } from "../../tools/torture/checkpoint.ts";
import { Crowd } from "../../tools/torture/clients/crowd.ts";
import { LogReader } from "../../tools/torture/cluster/log-reader.ts";
import { Observer } from "../../tools/torture/cluster/observer.ts";
import { emptyHistory, type History } from "../../tools/torture/history.ts";
import { apis } from "../../tools/torture/hosts/apis.ts";
import { hostsCatalogue } from "../../tools/torture/hosts/faults/catalogue.ts";
import { leadersNow } from "../../tools/torture/hosts/leaders.ts";
import { hostNumbers, hosts } from "../../tools/torture/hosts/testbed.ts";
import { called, workers } from "../../tools/torture/hosts/workers.ts";
import { severalHosts } from "../../tools/torture/hosts/world.ts";
import { carryOut } from "../../tools/torture/nemesis.ts";
import { gapsOf } from "../../tools/torture/report/gaps.ts";
import { Timeline } from "../../tools/torture/report/timeline.ts";

const seed = 2026;
const clients = 3;
/** Of the limits within which a fault heals: a broker of RabbitMQ 3.10 that is back may wait for its peers for five minutes. */
const patience = 3;
const goneMs = 180_000;
const toldMs = 60_000;
const rolledOutMs = 300_000;
const pace = { calmMs: 500, holdMs: 6_000 } as const;

/** By the names that torture gives them, in this order. */
const faults: readonly { readonly name: string; readonly promise: string }[] = [
  { name: "crash-master", promise: "goes on when the master's process is killed" },
  { name: "power-cut-master-host", promise: "goes on when the master's host loses its power" },
  { name: "cut-off-stream-leader-host", promise: "goes on when the host that leads the log is cut off" },
  { name: "power-cut-two-hosts", promise: "stops with one host of three, and goes on when another is back" },
  {
    name: "replace-host",
    promise: "makes up on the others for a host that is gone for good, and takes a new one in",
  },
];

const world = severalHosts(false);
const history = emptyHistory();
const told: string[] = [];
const timeline = new Timeline((line) => told.push(line));
const skip = whyNoHosts() ?? false;

let crowd: Crowd | undefined;
let observer: Observer | undefined;
let failed: string | undefined;

/** Each goes on where the one before it ended; after one that failed, the others would only wait for their limits. */
const step = (name: string, work: (t: TestContext) => Promise<void>): void => {
  it(name, async (t) => {
    assert.equal(failed, undefined, "not tried, for an earlier one failed");
    failed = name;
    await work(t);
    failed = undefined;
  });
};

describe("a cluster on three hosts", { skip }, () => {
  before(() => world.bringUp((line) => timeline.tell(line)));

  after(async () => {
    if (failed !== undefined) await explain();
    await crowd?.end();
    await observer?.stop();
    await world.takeDown();
  });

  step("stays as it is when it is brought up again, from another host", async () => {
    const before = await tasks();
    await hosts.dbaas(2, "up", "--swarm");
    assert.deepEqual(await tasks(), before);
  });

  step("takes writes and answers reads at each of them", writtenAndReadAtEach);

  step("tells at each what each of them leads", toldAtEach);

  step("serves clients at every host", async () => {
    const asks = world.asks((what) => history.odd.push(what));
    crowd = new Crowd({ clients, seed, history, asks, nowMs: timeline.nowMs });
    observer = new Observer(timeline, world);
  });

  step("brings limits that are applied at any host to every worker, and no request fails", () =>
    limitsRolledOut(history, timeline),
  );

  for (const [i, { name, promise }] of faults.entries())
    step(promise, async (t) => {
      const fault = hostsCatalogue.faults.find((one) => one.name === name);
      assert.ok(fault !== undefined && crowd !== undefined && observer !== undefined, name);
      const planned = { round: 1, number: i + 1, fault: name, seed, ...pace };
      const doing = { timeline, observer, crowd, world, patience };
      const { failure, violations, strikes } = await carryOut(planned, fault, doing);
      assert.equal(failure, null);
      assert.deepEqual(violations, []);
      for (const gap of gapsOf(strikes, history.writes)) t.diagnostic(inWords(gap));
    });

  step("has every acknowledged write once, and every answer was true", checkedAtTheEnd);

  step("goes by one command, its data on every host with it", takenAwayByOneCommand);
});

async function writtenAndReadAtEach(): Promise<void> {
  for (const host of hostNumbers) {
    const port = apis.portOf(host);
    const row = { n: -host, filling: `host ${host}` };
    const written = await call("POST", "/api/v1/db/write", {
      port,
      body: { op: "upsert", table: "ballast", row },
    });
    assert.equal(written.status, 200, written.text);
    const seen = { "x-dbaas-min-position": String(written.headers["x-dbaas-position"]) };
    const body = { table: "ballast", where: { n: row.n } };
    for (const other of hostNumbers) {
      const read = await call("POST", "/api/v1/db/read", { port: apis.portOf(other), body, headers: seen });
      assert.deepEqual(read.body, [row]);
    }
  }
}

async function toldAtEach(): Promise<void> {
  const seen = await leadersNow();
  for (const host of hostNumbers)
    await until(`host ${host} tells what the hosts lead`, toldMs, async () => {
      const { body } = await call("GET", "/api/v1/status", { port: apis.portOf(host) });
      const told = (body as ClusterStatus).hosts.map(({ leads }) => [...leads].sort());
      const wanted = hostNumbers.map((one) => rolesTold.filter(([, role]) => seen[role] === one));
      const isTold = isDeepStrictEqual(
        told,
        wanted.map((roles) => roles.map(([name]) => name)),
      );
      return isTold ? found(true) : notYet({ told, seen });
    });
}

/** As the status calls them, and as torture does; by the alphabet. */
const rolesTold = [
  ["controller", "acting controller"],
  ["master", "master"],
  ["stream", "stream leader"],
  ["zookeeper", "ZooKeeper leader"],
] as const;

async function limitsRolledOut({ writes, reads }: History, { nowMs }: Timeline): Promise<void> {
  const atMs = nowMs();
  const before = new Set((await workers()).map(({ id }) => id));
  const manifest = await readFile(join(hosts.stateOf(1), "manifests", "dbaas.yaml"), "utf8");
  await writeFile(join(hosts.stateOf(2), "new.yaml"), manifest.replace("memory: 512Mi", "memory: 500Mi"));
  await hosts.dbaas(2, "apply", "--yes", "-f", ".dbaas/new.yaml");
  await until("every worker has its new limit", rolledOutMs, async () => {
    const after = await workers();
    const old = after.filter(({ id }) => before.has(id));
    return old.length === 0 ? found(true) : notYet(called(...old));
  });
  await world.settled(rolledOutMs);
  const since = <T extends { readonly sentAtMs: number }>(all: readonly T[]) =>
    all.filter((one) => one.sentAtMs >= atMs);
  for (const sent of [since(writes), since(reads)]) {
    const answered = sent.filter(({ doneAtMs }) => doneAtMs < nowMs());
    assert.ok(answered.length > 0);
    const failed = answered.filter(
      ({ outcome, troubles }) => outcome === "refused" || !troubles.every(({ what }) => isLate(what)),
    );
    assert.deepEqual(failed, []);
  }
}

/** How long an answer takes while three hosts share one machine is not held. */
const isLate = (trouble: string): boolean => trouble.startsWith("no answer");

async function checkedAtTheEnd(t: TestContext): Promise<void> {
  await crowd?.end();
  await observer?.stop();
  const { violations } = await checkpoint(history, new LogReader(world.withBroker), world);
  const acked = history.writes.filter(({ outcome }) => outcome === "acked").length;
  t.diagnostic(`${acked} of ${history.writes.length} writes acknowledged, ${history.reads.length} reads`);
  assert.deepEqual(violations, []);
}

async function takenAwayByOneCommand(): Promise<void> {
  await hosts.dbaas(3, "down", "--volumes");
  for (const host of hostNumbers) {
    // A Swarm takes containers that have ended away a little later.
    await until(`host ${host} has no container`, goneMs, async () => {
      const left = lines(await hosts.docker(host, "ps", "--all", "--format", "{{.Names}} {{.Status}}"));
      return left.length === 0 ? found(true) : notYet(left.join("; "));
    });
    assert.deepEqual(lines(await hosts.docker(host, "volume", "ls", "--quiet")), []);
  }
  for (const kind of ["service", "secret", "config"])
    assert.deepEqual(lines(await hosts.docker(1, kind, "ls", "--quiet")), []);
}

/** What was seen, and what the controllers said last. */
async function explain(): Promise<void> {
  console.log(told.join("\n"));
  for (const host of hostNumbers) {
    const said = await hosts.dbaas(host, "logs").then(lines, (error: unknown) => [String(error)]);
    console.log(`host ${host}:\n${said.slice(-controllerLines).join("\n")}`);
  }
}

const controllerLines = 25;

/** Of every service but the workers'. */
async function tasks(): Promise<readonly string[]> {
  const stacks = hostNumbers.map((host) => `${cluster}-${host}`);
  const listed = await Promise.all(
    stacks.map((stack) => hosts.docker(1, "stack", "ps", "--quiet", "--no-trunc", stack)),
  );
  return listed.flatMap(lines).sort();
}

function inWords({ strike, firstWriteMs, stillMs }: ReturnType<typeof gapsOf>[number]): string {
  const back =
    strike.healedAtMs === null || strike.backAtMs === null
      ? ""
      : `; as desired ${inSeconds(strike.healedAtMs - strike.backAtMs)} after its return`;
  const first = firstWriteMs === null ? "none" : inSeconds(firstWriteMs);
  return `${strike.lost.join(", ")}: first new write after ${first}, none for ${inSeconds(stillMs)}${back}`;
}

const inSeconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
