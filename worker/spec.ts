// The part of the manifest that workers obey, as the controller last published it.

import type { ManifestSpec } from "../core/manifest/manifest.ts";
import { fromJson, type Paths, type SpecNode } from "../core/state/znodes.ts";
import { Wakeable } from "../platform/process/waiting.ts";
import type { Log } from "../platform/telemetry/log.ts";
import type { ZooKeeperSession } from "../platform/zookeeper/zookeeper.ts";

const lookEveryMs = 5_000;

/** Keeps the last spec seen over the lives of a worker: it goes on by it while ZooKeeper is away. */
export class KnownSpec {
  #spec: ManifestSpec | null = null;

  get current(): ManifestSpec | null {
    return this.#spec;
  }

  /** Waits for the first spec, then keeps following it while the session lives. @throws the signal's reason */
  async follow(
    session: ZooKeeperSession,
    paths: Paths,
    log: Log,
    signal: AbortSignal,
  ): Promise<ManifestSpec> {
    const seen = new Wakeable();
    const read = async () => {
      const content = await session.get(paths.spec);
      const node = content === null ? null : fromJson<SpecNode>(content.data);
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
