// Reads the environment and runs the API on the real world: RabbitMQ, ZooKeeper, and the ports of this machine.
import { randomUUID } from "node:crypto";
import { manifestInOf } from "../core/manifest/parse.ts";
import { systemClock } from "../platform/process/clock.ts";
import { logOptions, runProgram, variable } from "../platform/process/program.ts";
import { aborted } from "../platform/process/waiting.ts";
import { rabbitAt } from "../platform/rabbitmq/open.ts";
import { createLog } from "../platform/telemetry/log.ts";
import { openTracing } from "../platform/telemetry/open-tracing.ts";
import { lackOfMajority } from "../platform/zookeeper/ensemble.ts";
import { zooKeeperAt } from "../platform/zookeeper/zookeeper.ts";
import { systemBackupFolder } from "./backups/folder.ts";
import { firstApiId } from "./batching/broker.ts";
import { Certificate } from "./http/certificate.ts";
import { openApi } from "./open-api.ts";

const env = process.env;
const log = createLog(logOptions(env, "api"));

runProgram(log, async (stop) => {
  const id = variable(env, "API_ID", firstApiId);
  const port = Number(variable(env, "LISTEN_PORT", "80"));
  const tlsPort = Number(variable(env, "TLS_PORT", "443"));
  const cluster = variable(env, "DBAAS_CLUSTER", "dbaas");
  const { MANIFEST: manifestFile, TLS_DIR: certificateDir } = env;
  const tracing = await openTracing(env, { program: "api", instance: id, cluster }, log);
  const api = await openApi({
    id,
    cluster,
    host: env.DBAAS_HOST || undefined,
    manifestFile,
    manifestIn: manifestInOf(variable(env, "DBAAS_MANIFEST_IN", "file")),
    openBroker: rabbitAt(variable(env, "RABBITMQ_URL"), { preferred: env.RABBITMQ_PREFERRED || undefined }),
    openZnodeSession: zooKeeperAt(variable(env, "ZOOKEEPER"), log, env.ZOOKEEPER_PREFERRED || undefined),
    lackOfZooKeeper: () => lackOfMajority(variable(env, "ZOOKEEPER")),
    clock: systemClock,
    newId: randomUUID,
    log,
    tracing,
    backupFolder: systemBackupFolder,
  });
  const certificate = certificateDir === undefined ? undefined : Certificate.in(certificateDir, log);
  if (certificate !== undefined)
    log.info({ port: await api.server.listenTls(tlsPort, certificate) }, "listening for TLS");
  log.info({ port: await api.server.listen(port), apiId: id }, "listening");

  await aborted(stop);
  await api.close();
  certificate?.close();
  await tracing?.close();
});
