// One session of a worker: the connections, its membership, its copy joined to the log, and the roles it goes through. When
// anything that it stands on is lost, the session ends with all that was in it, and a new one begins: nothing is ever repaired
// half-way. The broker comes first: a worker without it must not be seen by an election.
import { TransientError } from "../core/errors.ts";
import { idsIn } from "../core/rules/broker-memory.ts";
import { persistentParents, toJson } from "../core/state/znodes.ts";
import type { Clock } from "../platform/process/clock.ts";
import type { WayHome } from "../platform/rabbitmq/homeward.ts";
import type { BrokerConnection } from "../platform/rabbitmq/port.ts";
import type { ZnodeSession } from "../platform/zookeeper/port.ts";
import { endWhenTold } from "./lead/end-signal.ts";
import { endWhenLeftBehind } from "./lead/left-behind.ts";
import { Member } from "./lead/member.ts";
import { SeenMemory } from "./lead/seen-memory.ts";
import type { Kept, WorkerPorts } from "./worker-ports.ts";

const sessionTimeoutDefaultMs = 4_000;
/**
 * Of several brokers one is restarted while this session goes on. Until the master has seen that, the status says that any host can be
 * spared, while the log would wait for the last master's copy.
 */
const memoryEveryMs = { one: 30_000, several: 5_000 } as const;

/**
 * Others read for a slave meanwhile. When a master goes back, writes stop until another one leads; it goes all the same, for with the
 * loss of a host that it only leans on they would stop ten times as long.
 */
const homeAfterMs = { slave: 5_000, master: 30_000 } as const;

/** Returns when the worker was drained, or after `stop`. @throws what ended the session otherwise */
export async function runSession(ports: WorkerPorts, kept: Kept, stop: AbortSignal): Promise<void> {
  const { name, openBroker } = ports;
  const undo: (() => Promise<void> | void)[] = [];
  ports.measures.sessions += 1;
  try {
    const broker = await openBroker(name);
    undo.push(() => broker.close());
    await broker.declareQueues();
    const znodes = await openZnodes(ports, kept, AbortSignal.any([stop, broker.ended]));
    undo.push(() => znodes.close());
    endWhenTold(znodes, { ...ports, path: ports.paths.drain(name) }, znodes.ended);
    await declareLog(broker, znodes, ports, kept);
    const memory = await SeenMemory.of(broker);
    const over = new AbortController();
    undo.push(() => over.abort("session over"));
    const changed = memoryLost(memory, ports.clock, over.signal);
    const member = new Member(ports, kept, { broker, znodes, memory });
    undo.push(() => member.leave());
    const atHome = new AbortController();
    kept.homeward.leave(broker, () => wayHome(member), over.signal).catch((why) => atHome.abort(why));
    const signal = AbortSignal.any([stop, broker.ended, znodes.ended, changed, atHome.signal]);
    if ((await member.run(signal)) === "ended") throw signal.reason;
  } finally {
    // The ZooKeeper session goes first among the connections only after the roles are left: a master lets go of its znode last.
    for (const undone of undo.reverse()) await Promise.resolve(undone()).catch(() => undefined);
  }
}

function wayHome({ atWork }: Member): WayHome | undefined {
  return atWork && { offset: atWork.offset, forMs: homeAfterMs[atWork.role] };
}

async function declareLog(
  broker: BrokerConnection,
  znodes: ZnodeSession,
  { paths }: WorkerPorts,
  { spec }: Kept,
): Promise<void> {
  const retention = spec.required.log;
  const isNew = await broker.declareLog({
    maxBytes: retention.retentionBytes,
    maxAgeSeconds: Math.ceil(retention.retentionMs / 1000),
  });
  if (isNew) await znodes.put(paths.logRetention, toJson(retention));
}

/**
 * Fires when the memory is lost under a living connection: another worker has made the log anew while this one did not read it, or
 * several brokers were restarted. Workers that come later see another id than this one does, and the two would wait for each other.
 */
function memoryLost(memory: SeenMemory, clock: Clock, over: AbortSignal): AbortSignal {
  const lost = new AbortController();
  const look = async () => {
    while (!over.aborted && !lost.signal.aborted) {
      const every = idsIn(memory.now).length > 1 ? memoryEveryMs.several : memoryEveryMs.one;
      await clock.sleep(every, over);
      if (over.aborted) return;
      if (await memory.look().catch(() => false))
        lost.abort(new TransientError("the broker's memory id was changed"));
      else await memory.prove().catch(() => undefined);
    }
  };
  void look();
  return lost.signal;
}

/** The manifest says how long the session lasts, and it stands in ZooKeeper: the first time a worker asks twice. */
async function openZnodes(ports: WorkerPorts, { spec }: Kept, signal: AbortSignal): Promise<ZnodeSession> {
  const { openZnodeSession, paths, clock, log } = ports;
  for (;;) {
    const timeoutMs = spec.current?.failover.sessionTimeoutMs ?? sessionTimeoutDefaultMs;
    const session = await openZnodeSession(timeoutMs);
    try {
      for (const path of persistentParents(paths)) await session.ensure(path);
      const { failover } = await spec.watch(session, paths, log, AbortSignal.any([signal, session.ended]));
      if (failover.sessionTimeoutMs === timeoutMs) {
        log.debug({ sessionTimeoutMs: session.timeoutMs }, "ZooKeeper session opened");
        void endWhenLeftBehind(session, () => openZnodeSession(timeoutMs), { clock, log });
        return session;
      }
    } catch (error) {
      session.close();
      throw error;
    }
    session.close();
  }
}
