// One life of a worker: the connections, its membership, its copy joined to the log, and the roles it goes through. When
// anything that it stands on is lost, the life ends with all that was in it, and a new one begins: nothing is ever repaired
// half-way. The broker comes first: a worker without it must not be seen by an election.

import type { ManifestSpec } from "../core/manifest/manifest.ts";
import { type Paths, persistentParents, toJson } from "../core/state/znodes.ts";
import { Rabbit } from "../platform/rabbitmq/rabbit.ts";
import type { Log } from "../platform/telemetry/log.ts";
import type { Tracing } from "../platform/telemetry/tracing.ts";
import { ZooKeeperSession } from "../platform/zookeeper/zookeeper.ts";
import type { GapError } from "./copy/log-reader.ts";
import { endWhenLeftBehind } from "./lead/left-behind.ts";
import { Member } from "./lead/member.ts";
import type { Remembered } from "./lead/standing.ts";
import type { Measures } from "./measures.ts";
import type { KnownSpec } from "./spec.ts";

export interface WorkerOptions {
  readonly name: string;
  readonly container: string;
  readonly directory: string;
  readonly rabbitUrl: string;
  readonly zooKeeperServers: string;
  readonly paths: Paths;
  readonly log: Log;
  readonly spec: KnownSpec;
  /** Outlive the lives: what this process has done since it started. */
  readonly measures: Measures;
  /** Undefined while traces are off. */
  readonly tracing: Tracing | undefined;
  /** Outlives the lives as well: why the last one could not read the log, and under which memory the broker's log was whole. */
  readonly remembered: Remembered & { gap: GapError | undefined };
}

const sessionTimeoutDefaultMs = 4_000;
/** @returns "drained" when the worker may stop for good; @throws what ended the life otherwise */
export async function live(options: WorkerOptions, stop: AbortSignal): Promise<"drained" | "ended"> {
  const { name, rabbitUrl, spec, paths } = options;
  const undo: (() => Promise<void> | void)[] = [];
  options.measures.lives += 1;
  try {
    const rabbit = await Rabbit.open(rabbitUrl, name);
    undo.push(() => rabbit.close());
    await rabbit.declareQueues();
    const session = await openSession(options, AbortSignal.any([stop, rabbit.ended]));
    undo.push(() => session.close());
    const signal = AbortSignal.any([stop, rabbit.ended, session.ended]);
    const retention = manifestOf(spec).log;
    const isNew = await rabbit.declareLog({
      maxBytes: retention.retentionBytes,
      maxAgeSeconds: Math.ceil(retention.retentionMs / 1000),
    });
    if (isNew) await session.put(paths.logRetention, toJson(retention));
    const memory = await rabbit.memoryId();
    const member = new Member(options, rabbit, session, memory);
    undo.push(() => member.leave());
    return await member.run(signal);
  } finally {
    // The session goes first among the connections only after the roles are left: a master lets go of its znode last.
    for (const undone of undo.reverse()) await Promise.resolve(undone()).catch(() => undefined);
  }
}

function manifestOf({ current }: KnownSpec): ManifestSpec {
  if (current === null) throw new Error("no manifest known");
  return current;
}

/** The manifest says how long the session lasts, and it stands in ZooKeeper: the first time a worker asks twice. */
async function openSession(
  { zooKeeperServers: servers, paths, log, spec }: WorkerOptions,
  signal: AbortSignal,
): Promise<ZooKeeperSession> {
  for (;;) {
    const sessionTimeoutMs = spec.current?.failover.sessionTimeoutMs ?? sessionTimeoutDefaultMs;
    const session = await ZooKeeperSession.open({ servers, sessionTimeoutMs, log });
    try {
      for (const path of persistentParents(paths)) await session.ensure(path);
      const { failover } = await spec.follow(session, paths, log, AbortSignal.any([signal, session.ended]));
      if (failover.sessionTimeoutMs === sessionTimeoutMs) {
        log.debug({ sessionTimeoutMs: session.timeoutMs }, "ZooKeeper session opened");
        const another = () => ZooKeeperSession.open({ servers, sessionTimeoutMs, log });
        void endWhenLeftBehind(session, another, log);
        return session;
      }
    } catch (error) {
      session.close();
      throw error;
    }
    session.close();
  }
}
