// The API program: HTTP in, queue and counter out. Composes, and nothing else.
import { randomBytes } from "node:crypto";
import { openAccess } from "../core/access.ts";
import { queues } from "../core/messages/queues.ts";
import { pathsOf, persistentParents } from "../core/state/znodes.ts";
import { systemClock as clock, every } from "../platform/process/clock.ts";
import { logOptions, runProgram, variable } from "../platform/process/program.ts";
import { aborted } from "../platform/process/waiting.ts";
import { Rabbit } from "../platform/rabbitmq/rabbit.ts";
import { createLog } from "../platform/telemetry/log.ts";
import { openTracing } from "../platform/telemetry/tracing.ts";
import { ZooKeeperSession } from "../platform/zookeeper/zookeeper.ts";
import { Door } from "./access/door.ts";
import { followFirstAccess } from "./access/first-access.ts";
import { Answers } from "./batching/answers.ts";
import { Batcher } from "./batching/batcher.ts";
import { Broker, firstApiId } from "./batching/broker.ts";
import { encodeReads, encodeWrites } from "./batching/encode.ts";
import { liveAgainAndAgain } from "./cluster/lives.ts";
import { ReadCounter } from "./cluster/read-counter.ts";
import { Spec } from "./cluster/spec.ts";
import { Workers } from "./cluster/workers.ts";
import { CurrentZnodes } from "./cluster/znodes.ts";
import { ApiServer } from "./http/api-server.ts";
import { Bodies } from "./http/bodies.ts";
import { Certificate } from "./http/certificate.ts";
import { clusterRoutes } from "./http/cluster-routes.ts";
import { DatabaseRoutes, databaseRoutes } from "./http/database-routes.ts";
import { createRoutes } from "./http/routes.ts";
import { Unsent } from "./http/unsent.ts";
import { limits } from "./limits.ts";
import { apiMetrics } from "./live/api-metrics.ts";
import { Depths } from "./live/depths.ts";
import { liveRoutes } from "./live/live-routes.ts";
import { Meters } from "./live/meters.ts";
import { Sampler } from "./live/sampler.ts";
import { LiveStream } from "./live/stream.ts";
import { descriptionRoutes } from "./openapi/routes.ts";
import { pages } from "./pages/pages.ts";
import { messageSpans } from "./request-traces.ts";

const sessionTimeoutMs = 6_000;

const environment = process.env;
const log = createLog(logOptions(environment, "api"));

runProgram(log, async (stop) => {
  const apiId = variable(environment, "API_ID", firstApiId);
  const port = Number(variable(environment, "LISTEN_PORT", "80"));
  const tlsPort = Number(variable(environment, "TLS_PORT", "443"));
  const rabbitUrl = variable(environment, "RABBITMQ_URL");
  const servers = variable(environment, "ZOOKEEPER");
  const cluster = variable(environment, "DBAAS_CLUSTER", "dbaas");
  const paths = pathsOf(cluster);
  const tracing = await openTracing(environment, { program: "api", instance: apiId, cluster }, log);
  // Unique for ever: two lives of this process must never take each other's answers or keys.
  const instance = `${apiId}-${clock.wallMs().toString(36)}${randomBytes(4).toString("hex")}`;

  const { MANIFEST: manifest, TLS_DIR: certificateDir } = environment;
  const door = new Door(clock, manifest === undefined ? openAccess : "unknown");
  const told = new AbortController();
  const spec = new Spec((access) => {
    told.abort("the controller has spoken");
    door.goBy(access);
  });
  if (manifest !== undefined)
    await followFirstAccess({ file: manifest, goBy: door.goBy, log }, AbortSignal.any([stop, told.signal]));
  const znodes = new CurrentZnodes();
  const workers = new Workers(paths, () => writes.repeat());
  const counter = new ReadCounter(`${paths.reads}/${apiId}`, limits.readsFlushEveryMs, clock, log);
  const reads = new Batcher({
    idPrefix: `${instance}-r`,
    encode: encodeReads,
    messagesInFlight: () => Math.max(limits.messagesInFlight, workers.slaves + 1),
    changesNothing: true,
    staleMs: limits.staleReadMs,
    limits,
    clock,
    spanOf: tracing && messageSpans(tracing, queues.read),
  });
  const writes = new Batcher({
    idPrefix: `${instance}-w`,
    encode: encodeWrites,
    messagesInFlight: () => limits.messagesInFlight,
    changesNothing: false,
    limits,
    clock,
    spanOf: tracing && messageSpans(tracing, queues.write),
  });
  const answers = new Answers([reads, writes], log);
  const broker = new Broker({ reads, writes, answers }, apiId);
  const bodies = new Bodies(limits.bodiesBytesMax);
  const unsent = new Unsent(limits);
  const meters = new Meters(clock);
  const database = new DatabaseRoutes({
    reads,
    writes,
    bodies,
    unsent,
    spec,
    clock,
    countRead: counter.count,
    // A master that leads proves a report wrong that a controller has left behind.
    dataMissing: () => stream.dataMissing && workers.master === undefined,
    meters,
    log,
    tracing,
  });
  const depths = new Depths(broker.depths, clock).now;
  const sampler = new Sampler({
    api: apiId,
    reads: { meter: database.meters.read, inFlight: () => reads.pending },
    writes: { meter: database.meters.write, inFlight: () => writes.pending },
    surroundings: () => ({
      reachable: {
        rabbitmq: broker.connected,
        zookeeper: znodes.connected,
        controller: stream.controllerThere,
      },
      scaling: spec.scaling,
    }),
    now: clock.now,
  });
  const stream = new LiveStream({ paths, limits, clock, sampler, depths });
  door.onChange(stream.dismiss);
  const metrics = apiMetrics(apiId, {
    meters,
    reads,
    writes,
    answers,
    readsCounted: () => counter.reads,
    depths,
    listeners: () => stream.listeners,
    bodies,
    unsent,
  });
  const routes = createRoutes(
    [
      ...databaseRoutes(database, counter.count),
      ...clusterRoutes({ znodes, paths, clock, spec, broker, workers }),
      ...liveRoutes(stream, metrics),
      ...descriptionRoutes(),
    ],
    { door, log, meters, pages: pages() },
  );
  const server = new ApiServer({ hot: database, rest: routes, door, unsent });

  const over = new AbortController();
  const stopSweeping = every(clock, limits.sweepEveryMs, () => {
    reads.sweep();
    writes.sweep();
  });
  const stopGivingUp = every(clock, limits.unsentSweptEveryMs, () => unsent.sweep());
  const lives = [
    liveAgainAndAgain({
      name: "RabbitMQ",
      open: () => Rabbit.open(rabbitUrl, apiId),
      use: broker.use,
      stop: over.signal,
      log,
    }),
    liveAgainAndAgain({
      name: "ZooKeeper",
      open: () => openSession(servers),
      use: async ({ session }, scope) => {
        for (const path of persistentParents(paths)) await session.ensure(path);
        scope.throwIfAborted();
        znodes.set(session);
        scope.addEventListener("abort", () => znodes.set(undefined), { once: true });
        await Promise.all([
          counter.follow(session, scope),
          spec.follow(session, paths.spec, scope),
          workers.follow(session, scope),
          stream.follow(session, scope),
        ]);
      },
      stop: over.signal,
      log,
    }),
  ];
  const certificate = certificateDir === undefined ? undefined : Certificate.in(certificateDir, log);
  if (certificate !== undefined)
    log.info({ port: await server.listenTls(tlsPort, certificate) }, "listening for TLS");
  log.info({ port: await server.listen(port), apiId }, "listening");

  await aborted(stop);
  stream.close();
  await server.drain();
  stopSweeping();
  stopGivingUp();
  certificate?.close();
  await counter.flush();
  over.abort();
  await Promise.all(lives);
  await tracing?.close();
});

/** A session that has been silent for its whole timeout says nothing true any more: its life is over, too. */
async function openSession(servers: string) {
  const session = await ZooKeeperSession.open({ servers, sessionTimeoutMs, log });
  return { session, ended: session.silent, close: () => session.close() };
}
