// What the controller needs of the world around it.
import type { Clock } from "../platform/process/clock.ts";
import type { Log } from "../platform/telemetry/log.ts";
import type { Tracing } from "../platform/telemetry/tracing.ts";
import type { OpenZnodeSession } from "../platform/zookeeper/port.ts";
import type { WorkerSettings } from "./engines/worker-container.ts";
import type { Failpoint } from "./failpoint.ts";
import type { Measures } from "./measures.ts";
import type { EngineOpener, FirstManifest, HostReporter, ManifestSource } from "./ports.ts";
import type { Place } from "./registry/lock.ts";

export interface ControllerPorts {
  /** What all workers are started with. */
  readonly settings: Omit<WorkerSettings, "uid">;
  readonly manifest: ManifestSource;
  /** On several hosts the manifest stands in ZooKeeper, and begins with this one. Undefined on one host. */
  readonly firstManifest: FirstManifest | undefined;
  readonly engineOpener: EngineOpener;
  /** Told to the other hosts; null where there is only one. */
  readonly hostReporter: HostReporter | null;
  /** Short: after the controller's death its successor waits this long before it may act. */
  readonly sessionTimeoutMs: number;
  readonly openZnodeSession: OpenZnodeSession;
  /** This process among those that may act. */
  readonly place: Place;
  readonly clock: Clock;
  /** Another one each time, and in each process. */
  readonly newId: () => string;
  readonly failpoint: Failpoint;
  readonly log: Log;
  readonly measures: Measures;
  /** Undefined while traces are off. */
  readonly tracing: Tracing | undefined;
}
