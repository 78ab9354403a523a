// The API's front: routes, live view and HTTP server on top of what openApi has made of the cluster and the queues.
import { every } from "../platform/process/clock.ts";
import { type ManifestStore, manifestInFile, manifestInZooKeeper } from "./cluster/manifest-store.ts";
import { ApiServer } from "./http/api-server.ts";
import { backupRoutes } from "./http/backup-routes.ts";
import { Bodies } from "./http/bodies.ts";
import { clusterRoutes } from "./http/cluster-routes.ts";
import { type Availability, DatabaseRoutes, databaseRoutes } from "./http/database-routes.ts";
import { libsqlRoutes } from "./http/libsql-routes.ts";
import { manifestRoutes } from "./http/manifest-routes.ts";
import { restoreRoutes } from "./http/restore-routes.ts";
import { createRoutes, type Route } from "./http/routes.ts";
import { Unsent } from "./http/unsent.ts";
import { Database } from "./libsql/database.ts";
import { Streams } from "./libsql/streams.ts";
import { limits } from "./limits.ts";
import { apiMetrics } from "./live/api-metrics.ts";
import { Depths } from "./live/depths.ts";
import { Meters } from "./live/meters.ts";
import { Sampler } from "./live/sampler.ts";
import { LiveStream, liveRoutes } from "./live/stream.ts";
import { descriptionRoutes } from "./openapi/routes.ts";
import { pages } from "./pages/pages.ts";
import type { ApiPorts, BatchingParts, ClusterParts } from "./parts.ts";

export interface Front {
  readonly server: ApiServer;
  readonly stream: LiveStream;
  /** Of libSQL clients. */
  readonly streams: Streams;
  /** Takes no new requests, and answers those that have come. */
  drain(): Promise<void>;
}

export function openFront(ports: ApiPorts, cluster: ClusterParts, batching: BatchingParts): Front {
  const { id, clock, log } = ports;
  const { door } = cluster;
  const bodies = new Bodies(limits.bodiesBytesMax, clock);
  const unsent = new Unsent(limits, clock);
  const meters = new Meters(clock);
  const available = availability(cluster, () => stream.dataMissing);
  const database = openDatabase(ports, cluster, batching, { bodies, unsent, meters, available });
  const libsql = openLibsql(ports, cluster, batching);
  const depths = new Depths(batching.broker.depths, clock).now;
  const controllerThere = () => stream.controllerThere;
  const sampler = openSampler(ports, cluster, batching, { database, controllerThere });
  const stream = new LiveStream({ paths: cluster.paths, limits, clock, sampler, depths });
  door.onChange(stream.dismiss);
  const metrics = apiMetrics(id, {
    meters,
    ...batching,
    readsCounted: () => cluster.counter.reads,
    depths,
    listeners: () => stream.listeners,
    bodies,
    unsent,
    streams: libsql.streams,
  });
  const routes = createRoutes(
    [
      ...databaseRoutes(database, cluster.counter.count),
      ...clusterRoutes({ ...cluster, clock, broker: batching.broker }),
      ...copyRoutes(ports, cluster, batching, unsent),
      ...libsqlRoutes({ ...libsql, ...cluster, clock, log, bodies, unsent, ...available }),
      ...manifestRoutes({ manifest: manifestStoreOf(ports, cluster), bodies }),
      ...liveRoutes(stream, metrics),
      ...descriptionRoutes(),
    ],
    { door, log, meters, pages: pages() },
  );
  const server = new ApiServer({ hot: database, rest: routes, door, unsent });
  const stopSweeping = every(clock, limits.unsentSweptEveryMs, () => {
    unsent.sweep();
    libsql.streams.sweep();
  });
  const drain = async () => {
    stream.close();
    await server.drain();
    stopSweeping();
  };
  return { server, stream, streams: libsql.streams, drain };
}

const availability = (
  { workers, restoring }: ClusterParts,
  isReportedMissing: () => boolean,
): Availability => ({
  restoring,
  // A master that leads proves a report wrong that a controller has left behind.
  dataMissing: () => workers.master === undefined && isReportedMissing(),
  knownStatements: () => workers.knownStatements,
});

const manifestStoreOf = (
  { id, manifestFile, manifestIn, clock }: ApiPorts,
  { znodes, paths }: ClusterParts,
): ManifestStore =>
  manifestIn === "file"
    ? manifestInFile(manifestFile)
    : manifestInZooKeeper({ znodes, path: paths.manifest, by: id, clock });

const copyRoutes = (
  { clock, log }: ApiPorts,
  cluster: ClusterParts,
  { broker }: BatchingParts,
  unsent: Unsent,
): readonly Route[] => [
  ...backupRoutes({ ...cluster, broker, clock, unsent, log, takenWithinMs: limits.unsentWithinMs }),
  ...restoreRoutes({ ...cluster, clock }),
];

interface DatabaseParts {
  readonly bodies: Bodies;
  readonly unsent: Unsent;
  readonly meters: Meters;
  readonly available: Availability;
}

function openDatabase(
  { clock, log, tracing }: ApiPorts,
  { spec, counter, door }: ClusterParts,
  { reads, writes }: BatchingParts,
  { available, ...parts }: DatabaseParts,
): DatabaseRoutes {
  return new DatabaseRoutes({
    ...parts,
    ...available,
    reads,
    writes,
    spec,
    clock,
    countRead: counter.count,
    forbids: (req) => door.forbids(req),
    log,
    tracing,
  });
}

function openLibsql(
  { clock, newId }: ApiPorts,
  { spec, counter }: ClusterParts,
  { reads, writes }: BatchingParts,
) {
  const database = new Database({ reads, writes, spec, clock, countRead: counter.count });
  return { database, streams: new Streams({ database, spec, clock, newId }) };
}

interface Sampled {
  readonly database: DatabaseRoutes;
  readonly controllerThere: () => boolean;
}

function openSampler(
  { id, clock }: ApiPorts,
  { znodes, spec }: ClusterParts,
  { reads, writes, broker }: BatchingParts,
  { database, controllerThere }: Sampled,
): Sampler {
  return new Sampler({
    api: id,
    reads: { meter: database.meters.read, inFlight: () => reads.pending },
    writes: { meter: database.meters.write, inFlight: () => writes.pending },
    surroundings: () => ({
      reachable: {
        rabbitmq: broker.connected,
        zookeeper: znodes.connected,
        controller: controllerThere(),
      },
      scaling: spec.scaling,
    }),
    now: clock.now,
  });
}
