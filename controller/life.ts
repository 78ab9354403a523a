// One life of the controller: from a new ZooKeeper session to its end. Nothing is carried over from one life to the
// next but the manifest: everything else is found again by looking.
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { TransientError } from "../core/errors.ts";
import { fromJson, type Paths, pathsOf, persistentParents, toJson } from "../core/state/znodes.ts";
import type { Clock } from "../platform/process/clock.ts";
import type { ManifestState } from "../platform/process/manifest-file.ts";
import type { Log } from "../platform/telemetry/log.ts";
import type { Tracing } from "../platform/telemetry/tracing.ts";
import { ZooKeeperSession } from "../platform/zookeeper/zookeeper.ts";
import { DockerEngine, uidOnEngine } from "./engines/docker/docker-engine.ts";
import { watchEvents } from "./engines/events.ts";
import { type WorkerSettings, workerContainer } from "./engines/worker-container.ts";
import type { Failpoint } from "./failpoint.ts";
import type { CycleDone, Measures } from "./measures.ts";
import { Cycle } from "./reconcile/cycle.ts";
import { Loop } from "./reconcile/loop.ts";
import type { World } from "./reconcile/reconcile.ts";
import { acquireLock, processRuns } from "./registry/lock.ts";
import { ZnodeRegistry } from "./registry/znode-registry.ts";
import { traceCycle } from "./trace-cycle.ts";

export interface LifeOptions {
  readonly zookeeper: string;
  readonly dockerSocket: string;
  readonly settings: Omit<WorkerSettings, "uid">;
  readonly manifest: () => ManifestState;
  /** Calls back after every change of the manifest. */
  readonly onManifestChange: (wake: () => void, signal: AbortSignal) => void;
  readonly failpoint: Failpoint;
  readonly clock: Clock;
  readonly log: Log;
  readonly measures: Measures;
  /** Undefined while traces are off. */
  readonly tracing: Tracing | undefined;
}

/** Short: after the controller's death its successor waits this long before it may act. */
const sessionTimeoutMs = 4_000;

/** Returns when the session is over or `stop` fires. @throws TransientError when there is no session to be had */
export async function live(options: LifeOptions, stop: AbortSignal): Promise<void> {
  const { zookeeper, log, clock, settings } = options;
  const session = await ZooKeeperSession.open({ servers: zookeeper, sessionTimeoutMs, log });
  // Unheard of for a session timeout, another controller may already act.
  const over = AbortSignal.any([stop, session.ended, session.silent]);
  try {
    const paths = pathsOf(settings.cluster);
    for (const parent of persistentParents(paths)) await session.ensure(parent);
    // What an earlier version left open, and the places above our own nodes.
    await session.protect("/");
    await acquireLock(
      session,
      { path: paths.controller, nowMs: clock.wallMs(), log, isAlive: processRuns },
      over,
    );
    const uid = await uidOf(session, paths, options);
    log.info(`acting for cluster ${settings.cluster} (uid ${uid})`);
    await work(options, session, paths, uid, over);
  } catch (error) {
    if (!over.aborted) throw error;
  } finally {
    session.close();
  }
}

async function work(
  options: LifeOptions,
  session: ZooKeeperSession,
  paths: Paths,
  uid: string,
  over: AbortSignal,
): Promise<void> {
  const { log, manifest, failpoint, settings, dockerSocket, clock, measures, tracing } = options;
  const engine = new DockerEngine({
    socketPath: dockerSocket,
    cluster: settings.cluster,
    uid,
    image: settings.image,
    self: hostname(),
  });
  const world: World = {
    engine,
    registry: new ZnodeRegistry(session, paths, clock),
    failpoint,
    spec: () => manifest().spec,
    moment: () => ({ nowMs: clock.now(), wallMs: clock.wallMs() }),
    containerFor: (spec, worker, image) => workerContainer({ ...settings, uid }, spec.worker, worker, image),
    interrupted: () => loop.interrupted,
  };
  const onDone = (done: CycleDone) => {
    measures.cycleDone(done);
    if (tracing !== undefined) traceCycle(tracing, done);
  };
  const cycle = new Cycle({ cluster: settings.cluster, world, clock, manifest, log, onDone });
  const loop = new Loop(() => cycle.run(), clock, over);
  const wake = (urgency?: "urgent") => loop.wake(urgency);
  for (const path of [paths.workers, paths.wishes]) session.watch("children", path, () => wake(), over);
  session.watch("node", paths.master, () => wake(), over);
  options.onManifestChange(() => wake(), over);
  await Promise.all([loop.run(), watchEvents(engine, wake, { clock, log }, over)]);
}

const uidIn = async (session: ZooKeeperSession, { uid }: Paths): Promise<string | null> => {
  const node = await session.get(uid);
  if (node === null) return null;
  const known = fromJson<{ readonly uid?: unknown }>(node.data)?.uid;
  if (typeof known !== "string") throw new Error(`the znode ${uid} holds no uid`);
  return known;
};

/**
 * Made once for the life of the cluster; what bears another one is not ours. When ZooKeeper's data is lost, the labels of the
 * volumes and containers tell it: they are the same cluster's, with its data.
 * @throws TerminalError when they tell several
 */
async function uidOf(session: ZooKeeperSession, paths: Paths, options: LifeOptions): Promise<string> {
  const known = await uidIn(session, paths);
  if (known !== null) return known;
  const { dockerSocket: socketPath, settings, log } = options;
  const found = await uidOnEngine({ socketPath, cluster: settings.cluster });
  if (found !== null)
    log.warn(
      `ZooKeeper holds no uid for cluster ${settings.cluster}: going on with the one of its volumes, ${found}`,
    );
  await session.create(paths.uid, toJson({ uid: found ?? randomUUID() }));
  const made = await uidIn(session, paths);
  if (made === null) throw new TransientError(`the znode ${paths.uid} is gone again`);
  return made;
}
