// The API as one value: HTTP in, queue and counter out. main.ts hands it the real world and lets it listen; tests and the
// simulation hand it another one, and may submit requests to its batchers without HTTP.
import { openAccess } from "../core/access.ts";
import { queues } from "../core/messages/queues.ts";
import { pathsOf, persistentParents } from "../core/state/znodes.ts";
import { every } from "../platform/process/clock.ts";
import { Homeward, type WayHome } from "../platform/rabbitmq/homeward.ts";
import type { ZnodeSession } from "../platform/zookeeper/port.ts";
import { Door } from "./access/door.ts";
import { watchFirstAccess } from "./access/first-access.ts";
import { BackupKeeper } from "./backups/keeper.ts";
import { AnswerWatch } from "./batching/answer-watch.ts";
import { Batcher } from "./batching/batcher.ts";
import { Answers, Broker, encodeReads, encodeWrites } from "./batching/broker.ts";
import type { PendingRead, PendingWrite } from "./batching/pending.ts";
import { BackupTurn } from "./cluster/backup.ts";
import { ReadCounter } from "./cluster/read-counter.ts";
import { Restoring } from "./cluster/restoring.ts";
import { runSessions } from "./cluster/sessions.ts";
import { Spec } from "./cluster/spec.ts";
import { Workers } from "./cluster/workers.ts";
import { CurrentZnodes, type Watched } from "./cluster/znodes.ts";
import type { ApiServer } from "./http/api-server.ts";
import type { Streams } from "./libsql/streams.ts";
import { limits } from "./limits.ts";
import { type Front, openFront } from "./open-front.ts";
import type { ApiPorts, BatchingParts, ClusterParts } from "./parts.ts";
import { messageSpans } from "./request-traces.ts";

export interface Api {
  readonly reads: Batcher<PendingRead>;
  readonly writes: Batcher<PendingWrite>;
  readonly streams: Streams;
  /** Listens when it is told to. */
  readonly server: ApiServer;
  /** Answers what has come, writes down what was counted, and leaves. */
  close(): Promise<void>;
}

const sessionTimeoutMs = 6_000;
/** What waits for an answer is asked for again, over the next connection. A broker that has any of the log takes part in all queues. */
const wayHome: WayHome = { offset: 0, forMs: 5_000 };

/** Resolves once the access rules are known, or known to be missing; connections are made from then on. */
export async function openApi(ports: ApiPorts): Promise<Api> {
  const { clock, log, manifestFile: file, manifestIn } = ports;
  const over = new AbortController();
  const cluster = openCluster(ports, () => batching.writes.repeat());
  if (file !== undefined && manifestIn === "file") {
    const until = AbortSignal.any([over.signal, cluster.told]);
    await watchFirstAccess({ file, goBy: cluster.door.goBy, log }, until);
  }
  const batching = openBatching(ports, cluster);
  const front = openFront(ports, cluster, batching);
  const { reads, writes } = batching;
  const stopSweeping = every(clock, limits.sweepEveryMs, () => {
    reads.sweep();
    writes.sweep();
  });
  const keeper = openKeeper(ports, cluster, batching);
  const sessions = connect(ports, { ...cluster, ...batching, ...front, keeper }, over.signal);
  const close = async () => {
    await front.drain();
    stopSweeping();
    await cluster.counter.flush();
    over.abort("closed");
    await sessions;
  };
  return { reads, writes, streams: front.streams, server: front.server, close };
}

function openCluster(ports: ApiPorts, onNewMaster: () => void): ClusterParts {
  const { id, cluster, manifestFile, manifestIn, clock, log } = ports;
  const paths = pathsOf(cluster);
  const door = new Door(clock, manifestFile === undefined && manifestIn === "file" ? openAccess : "unknown");
  const told = new AbortController();
  const spec = new Spec((access) => {
    told.abort("the controller has spoken");
    door.goBy(access);
  });
  return {
    paths,
    door,
    spec,
    told: told.signal,
    znodes: new CurrentZnodes(ports.lackOfZooKeeper),
    workers: new Workers(paths, onNewMaster),
    restoring: new Restoring(paths),
    turn: new BackupTurn(),
    counter: new ReadCounter(`${paths.reads}/${id}`, limits.readsFlushEveryMs, clock, log),
  };
}

function openBatching(ports: ApiPorts, { workers }: ClusterParts): BatchingParts {
  const { id, clock, newId, log, tracing } = ports;
  // Unique for ever: two processes under this id must never take each other's answers or keys.
  const instance = `${id}-${clock.wallMs().toString(36)}${newId().slice(0, 8)}`;
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
  return { reads, writes, answers, broker: new Broker({ reads, writes, answers }, { id, newId }) };
}

const openKeeper = (
  { backupFolder: folder, cluster, host, id, clock, log }: ApiPorts,
  parts: ClusterParts,
  { broker }: BatchingParts,
): BackupKeeper | undefined =>
  folder === undefined
    ? undefined
    : new BackupKeeper({ ...parts, cluster, host, broker, folder, id, clock, log });

type Connected = Pick<ClusterParts, "paths" | "spec" | "znodes" | "workers" | "restoring" | "counter"> &
  Pick<BatchingParts, "broker" | "reads" | "writes"> &
  Pick<Front, "stream"> & { readonly keeper: BackupKeeper | undefined };

/** Returns when the signal has fired and both connections are closed. */
async function connect(ports: ApiPorts, parts: Connected, over: AbortSignal): Promise<void> {
  const { id, openBroker, openZnodeSession, clock, log } = ports;
  const { broker, reads, writes } = parts;
  const homeward = new Homeward(clock);
  const answers = new AnswerWatch([reads, writes], clock);
  const open = async () => {
    const session = await openZnodeSession(sessionTimeoutMs);
    // A session that has been silent for its whole timeout says nothing true any more: it is over, too.
    return { session, ended: session.silent, close: () => session.close() };
  };
  await Promise.all([
    runSessions(
      {
        name: "RabbitMQ",
        open: () => openBroker(id),
        use: async (rabbit, scope) => {
          const replyTo = await broker.use(rabbit, scope);
          await Promise.all([
            homeward.leave(rabbit, () => wayHome, scope),
            answers.leave(rabbit, replyTo, scope),
          ]);
        },
        clock,
        log,
      },
      over,
    ),
    runSessions(
      {
        name: "ZooKeeper",
        open,
        use: ({ session }, scope) => useZnodes(parts, { znodes: session, clock, scope }),
        clock,
        log,
      },
      over,
    ),
  ]);
}

async function useZnodes(parts: Connected, watched: Watched<ZnodeSession>): Promise<void> {
  const { znodes: session, scope } = watched;
  const { paths, znodes, counter, spec, workers, restoring, stream, keeper } = parts;
  for (const path of persistentParents(paths)) await session.ensure(path);
  scope.throwIfAborted();
  znodes.set(session);
  scope.addEventListener("abort", () => znodes.set(undefined), { once: true });
  await Promise.all([
    counter.resume(session, scope),
    spec.watch(watched, paths.spec),
    workers.watch(watched),
    restoring.watch(watched),
    stream.watch(watched),
    keeper?.watch(watched),
  ]);
}
