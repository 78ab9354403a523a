// One run of the bench: the scenarios that were asked for, in an order in which each finds what it needs.
import type { ScenarioName } from "./pace.ts";
import type { Results } from "./report/results.ts";
import type { Bench } from "./scenarios/bench.ts";
import { controller } from "./scenarios/controller.ts";
import { memory } from "./scenarios/memory.ts";
import { neighbours } from "./scenarios/neighbours.ts";
import { replay } from "./scenarios/replay.ts";
import { sizes } from "./scenarios/sizes.ts";
import { connections, headline, lone, slaves, sql, steady } from "./scenarios/throughput.ts";
import { stopPlainMode } from "./world/plain-mode.ts";

type Found = Omit<Results, "madeAt" | "mode" | "machine">;
type Step = (bench: Bench, found: Found) => Promise<Found>;

const steps: Readonly<Record<ScenarioName, Step>> = {
  // First, while the log is empty but for what it writes itself.
  replay: async (bench) => ({ replay: await replay(bench) }),
  headline: async (bench) => ({ headline: await headline(bench) }),
  lone: async (bench) => ({ lone: await lone(bench) }),
  sql: async (bench) => ({ sql: await sql(bench) }),
  steady: async (bench, { headline: found }) =>
    found === undefined ? {} : { steady: await steady(bench, found) },
  connections: async (bench) => ({ connections: await connections(bench) }),
  slaves: async (bench) => ({ slaves: await slaves(bench) }),
  controller: async (bench) => ({ controller: await controller(bench) }),
  neighbours: async (bench) => ({ neighbours: await neighbours(bench) }),
  // The last two change what the others need: the rows, and the workers.
  sizes: async (bench) => ({ sizes: await sizes(bench) }),
  memory: async (bench) => ({ memory: await memory(bench) }),
};

const withPlainMode: ReadonlySet<ScenarioName> = new Set(["replay", "headline", "lone", "connections"]);

/** @source `keep` gets what was found after each scenario: a run that fails late is not lost */
export async function runScenarios(
  bench: Bench,
  wanted: readonly ScenarioName[],
  keep: (found: Found) => Promise<void>,
): Promise<Found> {
  let found: Found = {};
  let filled = false;
  for (const name of (Object.keys(steps) as ScenarioName[]).filter((one) => wanted.includes(one))) {
    bench.say(`${name}:`);
    if (name !== "replay" && !filled) {
      await bench.ensureRows(await bench.cluster.subject(), bench.pace.rows);
      if (wanted.some((one) => withPlainMode.has(one))) await bench.ensureRows(bench.plain, bench.pace.rows);
      filled = true;
    }
    found = { ...found, ...(await steps[name](bench, found)) };
    await keep(found);
    if (!wanted.slice(wanted.indexOf(name) + 1).some((one) => withPlainMode.has(one)))
      await stopPlainMode(bench.engine, bench.settings.cluster);
  }
  return found;
}
