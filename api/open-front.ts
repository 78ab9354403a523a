// The API's front: routes, live view and HTTP server on top of what openApi has made of the cluster and the queues.
import { every } from "../platform/process/clock.ts";
import { type ManifestStore, manifestInFile, manifestInZooKeeper } from "./cluster/manifest-store.ts";
import { ApiServer } from "./http/api-server.ts";
import { Bodies } from "./http/bodies.ts";
import { clusterRoutes } from "./http/cluster-routes.ts";
import { DatabaseRoutes, databaseRoutes } from "./http/database-routes.ts";
import { manifestRoutes } from "./http/manifest-routes.ts";
import { createRoutes } from "./http/routes.ts";
import { Unsent } from "./http/unsent.ts";
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
  /** Takes no new requests, and answers those that have come. */
  drain(): Promise<void>;
}

export function openFront(ports: ApiPorts, cluster: ClusterParts, batching: BatchingParts): Front {
  const { id, clock, log } = ports;
  const { door } = cluster;
  const bodies = new Bodies(limits.bodiesBytesMax, clock);
  const unsent = new Unsent(limits, clock);
  const meters = new Meters(clock);
  const database = openDatabase(ports, cluster, batching, {
    bodies,
    unsent,
    meters,
    dataMissing: () => stream.dataMissing,
  });
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
  });
  const routes = createRoutes(
    [
      ...databaseRoutes(database, cluster.counter.count),
      ...clusterRoutes({ ...cluster, clock, broker: batching.broker }),
      ...manifestRoutes({ manifest: manifestStoreOf(ports, cluster), bodies }),
      ...liveRoutes(stream, metrics),
      ...descriptionRoutes(),
    ],
    { door, log, meters, pages: pages() },
  );
  const server = new ApiServer({ hot: database, rest: routes, door, unsent });
  const stopSweeping = every(clock, limits.unsentSweptEveryMs, () => unsent.sweep());
  const drain = async () => {
    stream.close();
    await server.drain();
    stopSweeping();
  };
  return { server, stream, drain };
}

const manifestStoreOf = (
  { id, manifestFile, manifestIn, clock }: ApiPorts,
  { znodes, paths }: ClusterParts,
): ManifestStore =>
  manifestIn === "file"
    ? manifestInFile(manifestFile)
    : manifestInZooKeeper({ znodes, path: paths.manifest, by: id, clock });

interface DatabaseParts {
  readonly bodies: Bodies;
  readonly unsent: Unsent;
  readonly meters: Meters;
  /** As the controller reports it. */
  readonly dataMissing: () => boolean;
}

function openDatabase(
  { clock, log, tracing }: ApiPorts,
  { spec, counter, workers }: ClusterParts,
  { reads, writes }: BatchingParts,
  { dataMissing, ...parts }: DatabaseParts,
): DatabaseRoutes {
  return new DatabaseRoutes({
    ...parts,
    reads,
    writes,
    spec,
    clock,
    countRead: counter.count,
    // A master that leads proves a report wrong that a controller has left behind.
    dataMissing: () => workers.master === undefined && dataMissing(),
    log,
    tracing,
  });
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
