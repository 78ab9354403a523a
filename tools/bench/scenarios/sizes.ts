// What depends on how much data there is: reads and writes, losing the master, and bringing up one more slave.

import { sleep } from "../../../platform/process/waiting.ts";
import { longestSilence, Prober } from "../load/prober.ts";
import type { Failover, Results, Size } from "../report/results.ts";
import { until } from "../world/http.ts";
import type { Bench } from "./bench.ts";

const probeEveryMs = 5;
const settledMs = 1_000;
const failoverWithinMs = 120_000;

export async function sizes(bench: Bench): Promise<NonNullable<Results["sizes"]>> {
  const out: Size[] = [];
  await bench.clear(await bench.cluster.subject());
  for (const rows of bench.pace.sizes) out.push(await size(bench, rows));
  return out;
}

async function size(bench: Bench, rows: number): Promise<Size> {
  const { cluster, pace } = bench;
  await bench.ensureRows(await cluster.subject(), rows);
  bench.say(`  ${rows} rows:`);
  const reads = await bench.repeat({ kind: "reads", connections: 64 }, pace.sweepRuns);
  const writes = await bench.repeat({ kind: "writes", connections: 64 }, pace.sweepRuns);
  const workersMb = reads.residentMb;
  const newSlaveMs = await oneMoreSlave(bench);
  const failovers: Failover[] = [];
  for (let i = 0; i < pace.failoversPerSize; i++)
    for (const how of ["crash call", "kill"] as const) failovers.push(await failover(bench, how));
  return { rows, reads, writes, failovers, newSlaveMs, workersMb };
}

/** It starts with an empty volume, and so needs every row there is. */
async function oneMoreSlave({ cluster, say }: Bench): Promise<number> {
  const newSlaveMs = await cluster.scaleTo(2);
  say(`    one more slave: ${Math.round(newSlaveMs)} ms`);
  const all = (await cluster.status()).workers;
  await cluster.scaleTo(1);
  const left = new Set((await cluster.status()).workers.map(({ name }) => name));
  for (const { name } of all) if (!left.has(name)) await cluster.forgetVolume(name);
  return newSlaveMs;
}

async function failover(bench: Bench, how: Failover["how"]): Promise<Failover> {
  const { cluster, say } = bench;
  const { target } = await cluster.subject();
  const { epoch } = await cluster.status();
  const prober = new Prober(target, bench.takeIds());
  await prober.start(probeEveryMs);
  try {
    await sleep(settledMs);
    const lostMs = performance.now();
    const ending = how === "kill" ? cluster.killMaster() : cluster.crashMaster();
    const whole = async () => ((await cluster.status()).epoch > epoch ? cluster.whole(1) : null);
    await until("another master and a new slave", failoverWithinMs, 20, whole);
    const wholeMs = performance.now() - lostMs;
    await ending;
    await until("a write after the failover", failoverWithinMs, 20, async () =>
      longestSilence(prober.probes, lostMs),
    );
    await sleep(settledMs);
    const gapMs = longestSilence(prober.probes, lostMs);
    const failed = prober.probes.filter(({ ok }) => !ok).length;
    say(
      `    master lost by ${how}: no write answered for ${Math.round(gapMs)} ms, whole after ${Math.round(wholeMs)} ms, ${failed} of ${prober.probes.length} writes failed`,
    );
    return { how, gapMs, wholeMs, writes: prober.probes.length, failed };
  } finally {
    prober.stop();
  }
}
