// The API program: HTTP in, queue and counter out. Composes, and nothing else.
import { randomBytes } from "node:crypto";
import { systemClock as clock } from "../protocol/clock.ts";
import { createLog } from "../protocol/log.ts";
import { logOptions, runProgram, variable } from "../protocol/program.ts";
import { Rabbit } from "../protocol/rabbit.ts";
import { aborted } from "../protocol/waiting.ts";
import { pathsOf, persistentParents } from "../protocol/znodes.ts";
import { ZooKeeperSession } from "../protocol/zookeeper.ts";
import { Answers } from "./batcher/answers.ts";
import { Batcher } from "./batcher/batcher.ts";
import { encodeReads, encodeWrites } from "./batcher/encode.ts";
import { Broker, firstApiId } from "./broker.ts";
import { limits } from "./limits.ts";
import { liveAgainAndAgain } from "./lives.ts";
import { ReadCounter } from "./read-counter.ts";
import { ApiServer } from "./server/api-server.ts";
import { Bodies } from "./server/bodies.ts";
import { clusterRoutes } from "./server/cluster-routes.ts";
import { DatabaseRoutes } from "./server/database-routes.ts";
import { createRoutes, paths as routePaths } from "./server/routes.ts";
import { Spec } from "./spec.ts";
import { Workers } from "./workers.ts";
import { CurrentZnodes } from "./znodes.ts";

const sessionTimeoutMs = 6_000;

const environment = process.env;
const log = createLog(logOptions(environment, "api"));

runProgram(log, async (stop) => {
  const apiId = variable(environment, "API_ID", firstApiId);
  const port = Number(variable(environment, "LISTEN_PORT", "80"));
  const rabbitUrl = variable(environment, "RABBITMQ_URL");
  const servers = variable(environment, "ZOOKEEPER");
  const paths = pathsOf(variable(environment, "DBAAS_CLUSTER", "dbaas"));
  // Unique for ever: two lives of this process must never take each other's answers or keys.
  const instance = `${apiId}-${Date.now().toString(36)}${randomBytes(4).toString("hex")}`;

  const spec = new Spec();
  const znodes = new CurrentZnodes();
  const workers = new Workers(paths, () => writes.repeat());
  const counter = new ReadCounter(`${paths.reads}/${apiId}`, limits.readsFlushEveryMs, clock, log);
  const reads = new Batcher({
    idPrefix: `${instance}-r`,
    encode: encodeReads,
    messagesInFlight: () => Math.max(limits.messagesInFlight, workers.slaves + 1),
    expires: true,
    staleMs: limits.staleReadMs,
    limits,
    clock,
  });
  const writes = new Batcher({
    idPrefix: `${instance}-w`,
    encode: encodeWrites,
    messagesInFlight: () => limits.messagesInFlight,
    expires: false,
    limits,
    clock,
  });
  const broker = new Broker({ reads, writes, answers: new Answers([reads, writes], log) }, apiId);
  const bodies = new Bodies(limits.bodiesBytesMax);
  const database = new DatabaseRoutes({ reads, writes, bodies, spec, clock, countRead: counter.count, log });
  const routes = createRoutes(
    [
      { method: "post", path: routePaths.read, handle: database.read, onOtherMethod: counter.count },
      { method: "post", path: routePaths.write, handle: database.write },
      { method: "post", path: routePaths.clear, handle: database.clear },
      ...clusterRoutes({ znodes, paths, clock, spec, broker, workers }),
    ],
    log,
  );
  const server = new ApiServer(database, routes);

  const over = new AbortController();
  const sweeping = setInterval(() => {
    reads.sweep();
    writes.sweep();
  }, limits.sweepEveryMs);
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
        ]);
      },
      stop: over.signal,
      log,
    }),
  ];
  log.info({ port: await server.listen(port), apiId }, "listening");

  await aborted(stop);
  await server.drain();
  clearInterval(sweeping);
  await counter.flush();
  over.abort();
  await Promise.all(lives);
});

/** A session that has been silent for its whole timeout says nothing true any more: its life is over, too. */
async function openSession(servers: string) {
  const session = await ZooKeeperSession.open({ servers, sessionTimeoutMs, log });
  return { session, ended: session.silent, close: () => session.close() };
}
