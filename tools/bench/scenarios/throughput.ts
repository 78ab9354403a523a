// How much, how fast: the headline, a lone request, fixed rates, and the sweeps over connections and slaves.
import type { Results } from "../report/results.ts";
import type { Bench, Kind } from "./bench.ts";

const headlineConnections = 64;
const kinds: readonly Kind[] = ["reads", "writes"];
/** Of what the headline found: a service is rarely run at its limit. */
const steadyParts = [0.5, 0.8] as const;
const steadyConnections = 128;

export async function headline(bench: Bench): Promise<NonNullable<Results["headline"]>> {
  const { pace } = bench;
  const reads = await bench.compare({ kind: "reads", connections: headlineConnections }, pace.runs);
  const writes = await bench.compare({ kind: "writes", connections: headlineConnections }, pace.runs);
  return { reads, writes };
}

export async function lone(bench: Bench): Promise<NonNullable<Results["lone"]>> {
  const runs = bench.pace.sweepRuns;
  const reads = await bench.compare({ kind: "reads", connections: 1 }, runs);
  return { reads, writes: await bench.compare({ kind: "writes", connections: 1 }, runs) };
}

export async function sql(bench: Bench): Promise<NonNullable<Results["sql"]>> {
  const [reads, writes] = [await bench.forms("reads"), await bench.forms("writes")];
  return { reads, writes };
}

export async function steady(
  bench: Bench,
  found: NonNullable<Results["headline"]>,
): Promise<NonNullable<Results["steady"]>> {
  const out = [];
  for (const kind of kinds)
    for (const part of steadyParts) {
      const ratePerSecond = found[kind].service.perSecond * part;
      const load = { kind, connections: steadyConnections, ratePerSecond };
      out.push({ kind, part, ratePerSecond, summary: await bench.repeat(load, bench.pace.sweepRuns) });
    }
  return out;
}

export async function connections(bench: Bench): Promise<NonNullable<Results["connections"]>> {
  const out = [];
  for (const count of bench.pace.connections) {
    const reads = await bench.compare({ kind: "reads", connections: count }, bench.pace.sweepRuns);
    const writes = await bench.compare({ kind: "writes", connections: count }, bench.pace.sweepRuns);
    out.push({ connections: count, reads, writes });
  }
  return out;
}

export async function slaves(bench: Bench): Promise<NonNullable<Results["slaves"]>> {
  const out = [];
  for (const count of bench.pace.slaves) {
    await bench.cluster.scaleTo(count);
    bench.say(`  ${count} slaves:`);
    const reads = await bench.repeat(
      { kind: "reads", connections: headlineConnections },
      bench.pace.sweepRuns,
    );
    const writes = await bench.repeat(
      { kind: "writes", connections: headlineConnections },
      bench.pace.sweepRuns,
    );
    out.push({ slaves: count, reads, writes });
  }
  await bench.cluster.scaleTo(1);
  return out;
}
