// What the controller costs: with nothing to do, and for a cycle over fifty workers.
import { randomUUID } from "node:crypto";
import { workerContainer } from "../../../controller/engines/worker-container.ts";
import { noFailpoint } from "../../../controller/failpoint.ts";
import { Cycle } from "../../../controller/reconcile/cycle.ts";
import type { World } from "../../../controller/reconcile/reconcile.ts";
import { parseManifest } from "../../../core/manifest/parse.ts";
import { systemClock } from "../../../platform/process/clock.ts";
import { sleep } from "../../../platform/process/waiting.ts";
import { createLog } from "../../../platform/telemetry/log.ts";
import type { Results } from "../report/results.ts";
import { median } from "../report/summary.ts";
import { withSlaves } from "../world/manifest.ts";
import { cpuPercent } from "../world/processes.ts";
import type { Bench } from "./bench.ts";
import { SimulatedEngine, SimulatedRegistry } from "./simulated-world.ts";

const workers = 50;
const cycles = 200;
/** Every so many cycles some workers are found dead. */
const deathsEvery = 10;
const deaths = 5;

export async function controller(bench: Bench): Promise<NonNullable<Results["controller"]>> {
  const { usage } = await bench.cluster.subject();
  const [before, startedMs] = [usage(), performance.now()];
  await sleep(bench.pace.idleMs);
  const idleCpu = cpuPercent(before, usage(), (performance.now() - startedMs) / 1_000);
  const took = await cycleTimes(await bench.cluster.manifest());
  const found = {
    idleCpu,
    simulatedWorkers: workers,
    cycles,
    cycleP50Ms: median(took),
    cycleMaxMs: Math.max(...took),
  };
  bench.say(
    `  idle ${JSON.stringify(idleCpu)} %; a cycle with ${workers} workers takes ` +
      `${found.cycleP50Ms.toFixed(1)} ms, at most ${found.cycleMaxMs.toFixed(1)} ms`,
  );
  return found;
}

/** Of cycles in which nothing is to do and such in which dead workers are cleared away and replaced. */
export async function cycleTimes(manifest: string): Promise<readonly number[]> {
  const engine = new SimulatedEngine();
  const { spec } = parseManifest(withSlaves(manifest, workers - 1));
  const settings = { cluster: "simulated", uid: "uid", image: "image", network: "network", environment: {} };
  const world: World = {
    engine,
    registry: new SimulatedRegistry(engine),
    failpoint: noFailpoint,
    spec: () => spec,
    moment: () => ({ nowMs: Date.now(), wallMs: Date.now() }),
    containerFor: (wanted, worker, host, image) =>
      workerContainer(settings, wanted.worker, { worker, host, image }),
    interrupted: () => false,
  };
  const log = createLog({ program: "simulated", format: "json", level: "silent" });
  const cycle = new Cycle({
    cluster: "simulated",
    world,
    clock: systemClock,
    newId: randomUUID,
    manifest: () => ({ spec, problem: null, waiting: null }),
    log,
  });
  // The first one starts them all, the second sees them ready.
  for (let i = 0; i < 2; i++) await cycle.run();
  const took: number[] = [];
  for (let i = 0; i < cycles; i++) {
    if (i % deathsEvery === 0)
      for (const container of engine.running.slice(-deaths)) await engine.kill(container);
    const startedMs = performance.now();
    await cycle.run();
    took.push(performance.now() - startedMs);
  }
  if (engine.running.length !== workers)
    throw new Error(`${engine.running.length} of ${workers} simulated workers run`);
  return took;
}
