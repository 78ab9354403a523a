// The reconciler: makes what is match what the manifest asks for. Composes, and lives one life after another.
import { hostname, tmpdir } from "node:os";
import { messageOf } from "../core/errors.ts";
import { systemClock } from "../platform/process/clock.ts";
import { ManifestFile } from "../platform/process/manifest-file.ts";
import { logOptions, runProgram, variable } from "../platform/process/program.ts";
import { sleep } from "../platform/process/waiting.ts";
import { createLog } from "../platform/telemetry/log.ts";
import { metricsPort, serveMetrics } from "../platform/telemetry/metrics-server.ts";
import { openTracing } from "../platform/telemetry/tracing.ts";
import { tracingEnvironment } from "../platform/telemetry/tracing-settings.ts";
import { failpointsIn } from "./failpoint.ts";
import { type LifeOptions, live } from "./life.ts";
import { controllerMetrics, Measures } from "./measures.ts";

const env = process.env;
const log = createLog(logOptions(env, "controller"));
const restart = { firstMs: 250, maxMs: 10_000, steadyAfterMs: 30_000 } as const;

const cluster = variable(env, "DBAAS_CLUSTER", "dbaas");
const zookeeper = variable(env, "ZOOKEEPER", "zookeeper:2181");
const listeners = new Set<() => void>();
const manifest = new ManifestFile(variable(env, "MANIFEST", "/manifests/dbaas.yaml"), log, () => {
  for (const wake of listeners) wake();
});

const measures = new Measures();
const settled: Omit<LifeOptions, "tracing"> = {
  zookeeper,
  dockerSocket: variable(env, "DOCKER_SOCKET", "/var/run/docker.sock"),
  settings: {
    cluster,
    image: variable(env, "DBAAS_IMAGE", "mini-dbaas:latest"),
    network: variable(env, "DBAAS_NETWORK", `${cluster}-net`),
    environment: {
      RABBITMQ_URL: variable(env, "RABBITMQ_URL"),
      ZOOKEEPER: zookeeper,
      LOG_FORMAT: variable(env, "LOG_FORMAT", "text"),
      LOG_LEVEL: variable(env, "LOG_LEVEL", "info"),
      ...tracingEnvironment(env),
    },
  },
  manifest: () => manifest.state,
  onManifestChange: (wake, signal) => {
    listeners.add(wake);
    signal.addEventListener("abort", () => listeners.delete(wake), { once: true });
  },
  failpoint: failpointsIn(env.DBAAS_FAILPOINT ?? "", tmpdir()),
  clock: systemClock,
  log,
  measures,
};

runProgram(log, async (stop) => {
  serveMetrics(controllerMetrics(measures), Number(variable(env, "METRICS_PORT", String(metricsPort))), log);
  await manifest.follow(stop);
  const tracing = await openTracing(env, { program: "controller", instance: hostname(), cluster }, log);
  const options = { ...settled, tracing };
  let pauseMs: number = restart.firstMs;
  while (!stop.aborted) {
    const sinceMs = performance.now();
    try {
      await live(options, stop);
      if (!stop.aborted) log.warn("lost the ZooKeeper session, starting anew");
    } catch (error) {
      log.error(`starting anew in ${pauseMs} ms: ${messageOf(error)}`);
    }
    if (performance.now() - sinceMs > restart.steadyAfterMs) pauseMs = restart.firstMs;
    await sleep(pauseMs, stop);
    pauseMs = Math.min(restart.maxMs, pauseMs * 2);
  }
  await tracing?.close();
});
