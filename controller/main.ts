// Reads the environment and runs the controller on the real world: the engine that was chosen, ZooKeeper, and the manifest's file,
// which on several hosts is only what the manifest in ZooKeeper begins with.
import { randomUUID } from "node:crypto";
import { hostname, tmpdir } from "node:os";
import { manifestInOf } from "../core/manifest/parse.ts";
import { systemClock } from "../platform/process/clock.ts";
import { ManifestFile } from "../platform/process/manifest-file.ts";
import { logOptions, runProgram, variable } from "../platform/process/program.ts";
import { createLog } from "../platform/telemetry/log.ts";
import { metricsPort, serveMetrics } from "../platform/telemetry/metrics-server.ts";
import { openTracing } from "../platform/telemetry/open-tracing.ts";
import { tracingEnvironment } from "../platform/telemetry/tracing-settings.ts";
import { zooKeeperAt } from "../platform/zookeeper/zookeeper.ts";
import { chooseEngine, workerSecrets } from "./engines/choose-engine.ts";
import type { WorkerSettings } from "./engines/worker-container.ts";
import { failpointsIn } from "./failpoint.ts";
import { controllerMetrics, Measures } from "./measures.ts";
import { processRuns } from "./registry/lock.ts";
import { runController } from "./run-controller.ts";

const env = process.env;
const log = createLog(logOptions(env, "controller"));

const cluster = variable(env, "DBAAS_CLUSTER", "dbaas");
const zookeeper = variable(env, "ZOOKEEPER", "zookeeper:2181");
const handedOn = workerSecrets(env, cluster);
const settings: Omit<WorkerSettings, "uid"> = {
  cluster,
  image: variable(env, "DBAAS_IMAGE", "mini-dbaas:latest"),
  network: variable(env, "DBAAS_NETWORK", `${cluster}-net`),
  environment: {
    ...handedOn.environment,
    LOG_FORMAT: variable(env, "LOG_FORMAT", "text"),
    LOG_LEVEL: variable(env, "LOG_LEVEL", "info"),
    ...tracingEnvironment(env),
  },
  secrets: handedOn.secrets,
};

const manifestIn = manifestInOf(variable(env, "DBAAS_MANIFEST_IN", "file"));

runProgram(log, async (stop) => {
  const measures = new Measures();
  serveMetrics(controllerMetrics(measures), Number(variable(env, "METRICS_PORT", String(metricsPort))), log);
  const manifest = new ManifestFile(variable(env, "MANIFEST", "/manifests/dbaas.yaml"), log);
  await manifest.watch(stop);
  const tracing = await openTracing(env, { program: "controller", instance: hostname(), cluster }, log);
  const { self, ...engine } = chooseEngine(env, settings);
  await runController(
    {
      settings,
      manifest,
      firstManifest: manifestIn === "zookeeper" ? manifest : undefined,
      ...engine,
      openZnodeSession: zooKeeperAt(zookeeper, log, env.ZOOKEEPER_PREFERRED || undefined),
      place: { host: self, pid: process.pid, isAlive: processRuns },
      clock: systemClock,
      newId: randomUUID,
      failpoint: failpointsIn(env.DBAAS_FAILPOINT ?? "", tmpdir()),
      log,
      measures,
      tracing,
    },
    stop,
  );
  await tracing?.close();
});
