// Each host tells the others what it sees of itself: an ephemeral znode, kept by its controller for as long as that reaches
// ZooKeeper, also while it stands by. And it is the first to know of a worker's process that ended there: what that holds in ZooKeeper
// it takes away at once. A Swarm tells the acting controller of it after the worker's session is over.
import { messageOf, TransientError } from "../../core/errors.ts";
import { type Paths, toJson } from "../../core/state/znodes.ts";
import type { Clock } from "../../platform/process/clock.ts";
import { type RetryPolicy, retry } from "../../platform/process/retry.ts";
import { Wakeable } from "../../platform/process/waiting.ts";
import type { Log } from "../../platform/telemetry/log.ts";
import type { ZnodeSession } from "../../platform/zookeeper/port.ts";
import type { EndedWorker, HostReporter } from "../ports.ts";
import type { ZnodeRegistry } from "./znode-registry.ts";

interface Tools {
  readonly clock: Clock;
  readonly log: Log;
}

const lookEveryMs = 1_000;
/** Events come in bursts. */
const settleMs = 20;
const policy: RetryPolicy = { firstMs: 200, maxMs: 5_000, healthyAfterMs: 10_000 };

/** Returns when the signal has fired; never throws: what cannot be told now is told a moment later. */
export async function keepHostNote(
  session: Pick<ZnodeSession, "create" | "set" | "remove">,
  paths: Pick<Paths, "host">,
  reporter: HostReporter,
  registry: Pick<ZnodeRegistry, "forgetEnded">,
  { clock, log }: Tools,
  signal: AbortSignal,
): Promise<void> {
  const path = paths.host(reporter.name);
  const changed = new Wakeable(clock);
  const watching = wakeOnEvents(reporter, () => changed.wake(), { clock, log }, signal);
  const forgetting = new Forgetting(registry, log);
  let told: string | null = null;
  let problem = "";
  while (!signal.aborted) {
    try {
      const ended = await reporter.ended();
      await forgetting.forget(ended);
      const note = toJson(await reporter.look(ended));
      if (note !== told) told = (await tell(session, path, note, told !== null)) ? note : null;
      problem = "";
    } catch (error) {
      if (!signal.aborted && messageOf(error) !== problem)
        log.warn({ reason: messageOf(error) }, "cannot tell the other hosts what this one has");
      problem = messageOf(error);
    }
    await changed.wait(lookEveryMs, signal);
    await clock.sleep(settleMs, signal);
  }
  await watching;
}

class Forgetting {
  readonly #registry: Pick<ZnodeRegistry, "forgetEnded">;
  readonly #log: Log;
  #done: ReadonlySet<string> = new Set();

  constructor(registry: Pick<ZnodeRegistry, "forgetEnded">, log: Log) {
    this.#registry = registry;
    this.#log = log;
  }

  async forget(ended: readonly EndedWorker[]): Promise<void> {
    for (const one of ended) {
      if (this.#done.has(one.container)) continue;
      if (await this.#registry.forgetEnded(one))
        this.#log.info(one, "a worker has ended on this host: what it held in ZooKeeper is removed");
    }
    this.#done = new Set(ended.map(({ container }) => container));
  }
}

async function wakeOnEvents(
  reporter: HostReporter,
  wake: () => void,
  { clock, log }: Tools,
  signal: AbortSignal,
): Promise<void> {
  const attempt = async () => {
    await reporter.watch(wake, signal);
    throw new TransientError("the stream ended");
  };
  const onFailure = ({ error }: { readonly error: unknown }) =>
    log.debug({ reason: messageOf(error) }, "lost the events of this host's engine");
  await retry({ policy, clock, attempt, onFailure }, signal);
}

/** What an earlier controller of this host has left goes with its session, which must not take ours away. */
async function tell(
  session: Pick<ZnodeSession, "create" | "set" | "remove">,
  path: string,
  note: string,
  isOurs: boolean,
): Promise<boolean> {
  if (isOurs) return session.set(path, note);
  await session.remove(path);
  return (await session.create(path, note, { ephemeral: true })) !== null;
}
