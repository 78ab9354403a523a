// Composes a worker. Master and slave are this one program; which of the two it is, its lives decide.
import { hostname } from "node:os";
import { messageOf, TerminalError } from "../core/errors.ts";
import { pathsOf } from "../core/state/znodes.ts";
import { logOptions, runProgram, variable } from "../platform/process/program.ts";
import { sleep } from "../platform/process/waiting.ts";
import { createLog } from "../platform/telemetry/log.ts";
import { metricsPort, serveMetrics } from "../platform/telemetry/metrics-server.ts";
import { openTracing } from "../platform/telemetry/tracing.ts";
import { live, type WorkerOptions } from "./life.ts";
import { Measures, workerMetrics } from "./measures.ts";
import { KnownSpec } from "./spec.ts";

const env = process.env;
const name = variable(env, "WORKER_NAME");
const log = createLog(logOptions(env, name));
const directory = variable(env, "DATA_DIR", "/data");
/** Where SQLite puts what is too large for memory: the container's own temporary folder is memory. */
env.SQLITE_TMPDIR = directory;

const backOffMs = { first: 100, most: 1_000 } as const;
/** What an operator must settle is looked at again this often. */
const terminalBackOffMs = 15_000;

runProgram(log, async (stop) => {
  const measures = new Measures();
  serveMetrics(
    workerMetrics(name, measures),
    Number(variable(env, "METRICS_PORT", String(metricsPort))),
    log,
  );
  const cluster = variable(env, "DBAAS_CLUSTER", "dbaas");
  const tracing = await openTracing(env, { program: "worker", instance: name, cluster }, log);
  const options = {
    name,
    container: hostname(),
    directory,
    rabbitUrl: variable(env, "RABBITMQ_URL"),
    zooKeeperServers: variable(env, "ZOOKEEPER"),
    paths: pathsOf(cluster),
    log,
    spec: new KnownSpec(),
    measures,
    tracing,
    remembered: { gap: undefined, vouchedUnder: null },
  };
  await liveAgainAndAgain(options, stop);
  await tracing?.close();
});

/** Returns when the worker is drained or told to stop. */
async function liveAgainAndAgain(options: WorkerOptions, stop: AbortSignal): Promise<void> {
  let failures = 0;
  while (!stop.aborted) {
    const startedAtMs = Date.now();
    try {
      if ((await live(options, stop)) === "drained") return;
    } catch (error) {
      if (stop.aborted) return;
      failures = Date.now() - startedAtMs > 10_000 ? 1 : failures + 1;
      const waitMs =
        error instanceof TerminalError
          ? terminalBackOffMs
          : Math.min(backOffMs.most, backOffMs.first * 2 ** (failures - 1));
      log.warn({ reason: messageOf(error), waitMs }, "this life is over, starting a new one");
      await sleep(waitMs, stop);
    }
  }
}
