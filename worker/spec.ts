// The part of the manifest that workers obey, as the controller last published it.

import type { ManifestSpec } from "../core/manifest/manifest.ts";
import { specNodeFrom } from "../core/state/spec-node.ts";
import type { Paths } from "../core/state/znodes.ts";
import type { Clock } from "../platform/process/clock.ts";
import { Wakeable } from "../platform/process/waiting.ts";
import type { Log } from "../platform/telemetry/log.ts";
import type { ZnodeSession } from "../platform/zookeeper/port.ts";

const lookEveryMs = 5_000;

/** Keeps the last spec seen over the sessions of a worker: it goes on by it while ZooKeeper is away. */
export class KnownSpec {
  readonly #clock: Clock;
  #spec: ManifestSpec | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get current(): ManifestSpec | null {
    return this.#spec;
  }

  /** @throws before the first is known, which no session begins without */
  get required(): ManifestSpec {
    if (this.#spec === null) throw new Error("no manifest known");
    return this.#spec;
  }

  /** Waits for the first spec, then watches it while the session lives. @throws the signal's reason */
  async watch(session: ZnodeSession, paths: Paths, log: Log, signal: AbortSignal): Promise<ManifestSpec> {
    const seen = new Wakeable(this.#clock);
    const read = async () => {
      const content = await session.get(paths.spec);
      const node = content === null ? null : specNodeFrom(content.data);
      if (node !== null) this.#spec = node.spec;
      seen.wake();
    };
    session.watch(
      "node",
      paths.spec,
      () => void read().catch((error) => log.debug({ err: error }, "spec")),
      signal,
    );
    await read();
    while (this.#spec === null) {
      log.info("waiting for the controller to publish the manifest");
      await seen.wait(lookEveryMs, signal);
      signal.throwIfAborted();
    }
    return this.#spec;
  }
}
