// The bench: measures the service on a cluster of its own, which `./dbaas bench` has brought up around this container.
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { variable } from "../../platform/process/program.ts";
import { argumentsFrom } from "./arguments.ts";
import { paces } from "./pace.ts";
import { chartsOf } from "./report/charts.ts";
import type { Machine, Results } from "./report/results.ts";
import { asMarkdown, asText } from "./report/text.ts";
import { runScenarios } from "./run.ts";
import { Bench } from "./scenarios/bench.ts";
import { Cluster } from "./world/cluster.ts";
import { Engine } from "./world/engine.ts";
import { startPlainMode, stopPlainMode } from "./world/plain-mode.ts";

const env = process.env;
const asked = argumentsFrom(process.argv.slice(2));

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const mode = asked.full ? "full" : "short";
const directory = variable(env, "RESULTS_DIR", "tools/bench/results");
const machine: Machine = {
  processor: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryMb: Math.round(totalmem() / 1024 / 1024),
  kernel: release(),
  node: process.version,
  loadBefore: loadavg()[0] ?? 0,
};
const madeAt = new Date().toISOString();

async function keep(found: Omit<Results, "madeAt" | "mode" | "machine">): Promise<Results> {
  const results: Results = { madeAt, mode, machine, ...found };
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, `${mode}.json`), `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(join(directory, `${mode}.md`), asMarkdown(results));
  for (const { file, svg } of chartsOf(results)) await writeFile(join(directory, `${mode}-${file}`), svg);
  return results;
}

const engine = new Engine(variable(env, "DOCKER_SOCKET", "/var/run/docker.sock"));
const settings = {
  cluster: variable(env, "DBAAS_CLUSTER"),
  image: variable(env, "DBAAS_IMAGE"),
  rabbitUrl: variable(env, "RABBITMQ_URL"),
};
const cluster = await Cluster.find(engine, {
  cluster: settings.cluster,
  manifestFile: variable(env, "MANIFEST"),
});
say(
  `${machine.cores} cores of ${machine.processor}, ${machine.memoryMb} MB, load average ${machine.loadBefore}`,
);
await cluster.whole(1);
const plain = await startPlainMode(engine, settings);
try {
  const bench = new Bench({ engine, cluster, pace: paces[mode], settings, say, plain });
  const results = await keep(
    await runScenarios(bench, asked.scenarios, async (found) => void (await keep(found))),
  );
  say(
    `\n${asText(results)}\nWritten to tools/bench/results: ${mode}.json, ${mode}.md and the charts ${mode}-*.svg`,
  );
} finally {
  await stopPlainMode(engine, settings.cluster);
}
process.exit(0);
