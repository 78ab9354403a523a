// Reads the environment and runs the worker on the real world: RabbitMQ, ZooKeeper, and the files of this machine.
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { pathsOf } from "../core/state/znodes.ts";
import { systemClock } from "../platform/process/clock.ts";
import { logOptions, runProgram, variable } from "../platform/process/program.ts";
import { rabbitAt } from "../platform/rabbitmq/open.ts";
import { createLog } from "../platform/telemetry/log.ts";
import { metricsPort, serveMetrics } from "../platform/telemetry/metrics-server.ts";
import { openTracing } from "../platform/telemetry/open-tracing.ts";
import { zooKeeperAt } from "../platform/zookeeper/zookeeper.ts";
import { Measures, workerMetrics } from "./measures.ts";
import { runWorker } from "./run-worker.ts";
import { systemDisk } from "./system-disk.ts";
import { holdVolume } from "./volume.ts";

const env = process.env;
const name = variable(env, "WORKER_NAME");
const log = createLog(logOptions(env, name));
const directory = variable(env, "DATA_DIR", "/data");
/** Where SQLite puts what is too large for memory: the container's own temporary folder is memory. */
env.SQLITE_TMPDIR = directory;

runProgram(log, async (stop) => {
  const measures = new Measures();
  serveMetrics(
    workerMetrics(name, measures),
    Number(variable(env, "METRICS_PORT", String(metricsPort))),
    log,
  );
  const cluster = variable(env, "DBAAS_CLUSTER", "dbaas");
  const letGo = await holdVolume(directory, { clock: systemClock, log }, stop);
  if (letGo === null) return;
  const tracing = await openTracing(env, { program: "worker", instance: name, cluster }, log);
  await runWorker(
    {
      name,
      container: hostname(),
      host: env.WORKER_HOST || undefined,
      end: (signal) => process.kill(process.pid, signal),
      disk: systemDisk,
      directory,
      paths: pathsOf(cluster),
      openBroker: rabbitAt(variable(env, "RABBITMQ_URL"), { preferred: env.RABBITMQ_PREFERRED || undefined }),
      openZnodeSession: zooKeeperAt(variable(env, "ZOOKEEPER"), log, env.ZOOKEEPER_PREFERRED || undefined),
      clock: systemClock,
      newId: randomUUID,
      log,
      measures,
      tracing,
    },
    stop,
  );
  await tracing?.close();
  // Called at the end, so that the lock is not collected before.
  letGo();
});
