// One session of the controller: from a new ZooKeeper session to its end. Nothing is carried over from one to the next but the
// manifest: everything else is found again by looking.
import { TransientError } from "../core/errors.ts";
import { fromJson, type Paths, pathsOf, persistentParents, toJson } from "../core/state/znodes.ts";
import type { ZnodeSession } from "../platform/zookeeper/port.ts";
import type { ControllerPorts } from "./controller-ports.ts";
import { watchEvents } from "./engines/events.ts";
import { workerContainer } from "./engines/worker-container.ts";
import type { CycleDone } from "./measures.ts";
import type { ManifestSource } from "./ports.ts";
import { Cycle } from "./reconcile/cycle.ts";
import { Loop } from "./reconcile/loop.ts";
import type { World } from "./reconcile/reconcile.ts";
import { keepHostNote } from "./registry/host-note.ts";
import { acquireLock } from "./registry/lock.ts";
import { ZnodeManifest } from "./registry/znode-manifest.ts";
import { ZnodeRegistry } from "./registry/znode-registry.ts";
import { traceCycle } from "./trace-cycle.ts";

/** Returns after `stop`. @throws what ended the session otherwise */
export async function runSession(ports: ControllerPorts, stop: AbortSignal): Promise<void> {
  const { openZnodeSession, place, log, clock, settings, hostReporter, sessionTimeoutMs } = ports;
  const session = await openZnodeSession(sessionTimeoutMs);
  // Unheard of for a session timeout, another controller may already act.
  const over = AbortSignal.any([stop, session.ended, session.silent]);
  let noting: Promise<void> | undefined;
  try {
    const paths = pathsOf(settings.cluster);
    for (const parent of persistentParents(paths)) await session.ensure(parent);
    // What an earlier version left open, and the places above our own nodes.
    await session.protect("/");
    const registry = new ZnodeRegistry(session, paths, clock);
    if (hostReporter !== null)
      noting = keepHostNote(session, paths, hostReporter, registry, { clock, log }, over);
    await acquireLock(session, { path: paths.controller, place, clock, log }, over);
    const uid = await uidOf(session, paths, ports);
    log.info({ cluster: settings.cluster, uid }, "acting for the cluster");
    await reconcileUntil(over, ports, session, paths, uid);
    throw over.reason;
  } catch (error) {
    throw over.aborted ? over.reason : error;
  } finally {
    session.close();
    await noting;
  }
}

/** Returns when the signal has fired and the last cycle is over. */
async function reconcileUntil(
  over: AbortSignal,
  ports: ControllerPorts,
  session: ZnodeSession,
  paths: Paths,
  uid: string,
): Promise<void> {
  const { log, failpoint, settings, engineOpener, clock, newId, measures, tracing } = ports;
  const manifest = await manifestOf(ports, session, paths, over);
  const registry = new ZnodeRegistry(session, paths, clock);
  const engine = engineOpener.open(uid, registry);
  const world: World = {
    engine,
    registry,
    failpoint,
    spec: () => manifest.state.spec,
    moment: () => ({ nowMs: clock.now(), wallMs: clock.wallMs() }),
    containerFor: (spec, worker, host, image) =>
      workerContainer({ ...settings, uid }, spec.worker, { worker, host, image }),
    interrupted: () => loop.interrupted,
  };
  const onDone = (done: CycleDone) => {
    measures.cycleDone(done);
    if (tracing !== undefined) traceCycle(tracing, done);
  };
  const { cluster } = settings;
  const cycle = new Cycle({ cluster, world, clock, newId, manifest: () => manifest.state, log, onDone });
  const loop = new Loop(() => cycle.run(), clock, over);
  const wake = (urgency?: "urgent") => loop.wake(urgency);
  for (const path of [paths.workers, paths.commands]) session.watch("children", path, () => wake(), over);
  session.watch("node", paths.master, () => wake(), over);
  manifest.onChange(() => wake(), over);
  await Promise.all([loop.run(), watchEvents(engine, wake, { clock, log }, over)]);
}

async function manifestOf(
  { manifest, firstManifest, place, clock, log }: ControllerPorts,
  session: ZnodeSession,
  paths: Paths,
  over: AbortSignal,
): Promise<ManifestSource> {
  if (firstManifest === undefined) return manifest;
  const options = { session, path: paths.manifest, first: firstManifest, host: place.host, clock, log };
  return ZnodeManifest.watch(options, over);
}

const uidIn = async (session: ZnodeSession, { uid }: Paths): Promise<string | null> => {
  const node = await session.get(uid);
  if (node === null) return null;
  const known = fromJson<{ readonly uid?: unknown }>(node.data)?.uid;
  if (typeof known !== "string") throw new Error(`the znode ${uid} holds no uid`);
  return known;
};

/**
 * Made once for the cluster's whole existence; what bears another one is not ours. When ZooKeeper's data is lost, the labels of
 * the volumes and containers tell it: they are the same cluster's, with its data.
 * @throws TerminalError when they tell several
 */
async function uidOf(
  session: ZnodeSession,
  paths: Paths,
  { engineOpener, newId, settings, log, clock }: ControllerPorts,
): Promise<string> {
  const known = await uidIn(session, paths);
  if (known !== null) return known;
  const found = await engineOpener.uid(new ZnodeRegistry(session, paths, clock));
  if (found !== null)
    log.warn(
      { cluster: settings.cluster, uid: found },
      "ZooKeeper holds no uid for the cluster: going on with the one of its volumes",
    );
  await session.create(paths.uid, toJson({ uid: found ?? newId() }));
  const made = await uidIn(session, paths);
  if (made === null) throw new TransientError(`the znode ${paths.uid} is gone again`);
  return made;
}
