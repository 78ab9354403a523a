// One run of a plan: a world, its workers and clients, the faults at their moments, and then peace, in which everything
// must come right.
import { openAccess } from "../../core/access.ts";
import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import { queues } from "../../core/messages/queues.ts";
import { pathsOf } from "../../core/state/znodes.ts";
import { createLog } from "../../platform/telemetry/log.ts";
import { MemoryBroker } from "../fakes/memory-broker.ts";
import { MemoryZooKeeper } from "../fakes/memory-zookeeper.ts";
import { VirtualWorld } from "../fakes/virtual-world.ts";
import { violations } from "./check.ts";
import { historyOf } from "./history.ts";
import { Nemesis } from "./nemesis.ts";
import { type Plan, sessionTimeoutMs } from "./plan.ts";
import { SimulatedApi } from "./simulated-api.ts";
import { SimulatedWorker, type Surroundings } from "./simulated-worker.ts";
import { asBuilt, type Variant } from "./variants.ts";

const spec: ManifestSpec = {
  paused: false,
  scaling: { baseline: 1, min: 1, max: 8, windowMs: 120_000, readsPerSlave: 20 },
  worker: { memoryBytes: 2 ** 29, pidsMax: 128, readyWithinMs: 60_000, drainWithinMs: 30_000 },
  failover: { sessionTimeoutMs },
  log: { retentionBytes: 2 ** 30, retentionMs: 3_600_000 },
  requests: { timeoutMs: 10_000, bodyBytesMax: 2 ** 20, queryMs: 500, idempotencyMs: 86_400_000 },
  access: openAccess,
  database: {
    tables: [
      {
        name: "things",
        columns: [
          { name: "id", type: "text", notNull: true },
          { name: "value", type: "text" },
        ],
        primaryKey: ["id"],
      },
    ],
  },
};

const silent = createLog({ program: "simulation", format: "json", level: "silent" });
const peaceWithinMs = 90_000;

export interface Outcome {
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  /** How much happened, so that a simulation in which nothing happens is noticed. */
  readonly acknowledged: number;
  readonly records: number;
  readonly elections: number;
}

export async function run(
  plan: Plan,
  options: { readonly variant?: Variant; readonly trace?: boolean } = {},
): Promise<Outcome> {
  const trace: string[] = [];
  const world = new VirtualWorld(plan.seed, options.trace ? trace : undefined);
  const around: Surroundings = {
    world,
    broker: new MemoryBroker(world, queues.sync, [queues.read, queues.write, queues.response, queues.dead]),
    zooKeeper: new MemoryZooKeeper(world),
    paths: pathsOf("simulated"),
    spec,
    log: silent,
    variant: options.variant ?? asBuilt,
  };
  const workers = Array.from({ length: plan.workers }, (_, i) => new SimulatedWorker(around, i));
  const api = new SimulatedApi(around);
  for (const operation of plan.operations)
    world.after(operation.atMs, () => {
      world.touch();
      api.begin(operation);
    });
  const nemesis = new Nemesis(around, workers, plan.faults);
  const lastAtMs = Math.max(0, ...plan.operations.map(({ atMs }) => atMs), nemesis.overAtMs);
  await world.advance(() => false, lastAtMs);
  nemesis.makePeace();
  const unsettled = () => whatIsGoingOn(around, workers, api);
  await world.advance(() => unsettled().length === 0, lastAtMs + peaceWithinMs);
  const { log } = around.broker;
  const found = violations({ told: api.told, workers, log, stuck: unsettled() });
  for (const { process } of workers) process.kill();
  around.broker.dispose();
  around.zooKeeper.dispose();
  return {
    violations: found,
    trace,
    acknowledged: api.told.filter(({ outcome }) => outcome === "ok").length,
    records: log.length,
    elections: log.filter((content) => content.includes('"kind":"marker"')).length,
  };
}

function whatIsGoingOn(
  { broker }: Surroundings,
  workers: readonly SimulatedWorker[],
  api: SimulatedApi,
): readonly string[] {
  const masters = workers.filter(({ role, process }) => role === "master" && !process.dead);
  const going = [
    ...(api.open > 0 ? [`${api.open} operations are not over`] : []),
    ...(masters.length === 1 ? [] : [`${masters.length} workers are master`]),
    ...(broker.queue(queues.write)?.ready.length ? ["writes wait in the queue"] : []),
  ];
  if (going.length > 0) return going;
  const { accepted, epoch } = historyOf(broker.log);
  const last = `${accepted.length} of epoch ${epoch}`;
  for (const { name, disk } of workers) {
    const { applied } = disk.contents;
    const at = `${applied.position} of epoch ${applied.epoch}`;
    if (at !== last) going.push(`${name} is at ${at}, the log at ${last}`);
  }
  return going;
}
