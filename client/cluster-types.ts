// Written from the API's description by "node tools/client-types/main.ts". Not to be edited: a test compares the two.

export type Backups = {
  readonly lastGood: {
    readonly name: string;
    /** When the copy was there: everything in it was written before */
    readonly atMs: number;
    /** Its place in the log */
    readonly position: number;
    readonly bytes: number;
    /** The host that has it, where there are several */
    readonly host?: string;
  } | null;
  /** Of the last try; null when it succeeded */
  readonly failure: {
    /** Unix time in ms */
    readonly atMs: number;
    readonly reason: string;
  } | null;
  /** All there ever were */
  readonly failures: number;
  /** In the orchestrator's container; null before the first */
  readonly directory: string | null;
  /** Those that are kept on every host, the newest first */
  readonly files: readonly {
    readonly name: string;
    /** When the copy was there: everything in it was written before */
    readonly atMs: number;
    /** Its place in the log */
    readonly position: number;
    readonly bytes: number;
    /** The host that has it, where there are several */
    readonly host?: string;
  }[];
  readonly failuresInARow: number;
};

export type ClusterEvent = {
  /** Its place in the order, for `since` and `Last-Event-ID` */
  readonly id: string;
  /** Unix time in ms */
  readonly atMs: number;
  /** The controller's cycle, as in its log */
  readonly reconcile: string;
  readonly severity: "info" | "warning";
  readonly reason: string;
  readonly message: string;
  readonly worker: string | null;
};

export type ClusterStatus = {
  readonly cluster: string;
  /** Of the manifest, as last read */
  readonly generation: number;
  /** Of the manifest, as last acted on */
  readonly observedGeneration: number;
  readonly desiredSlaves: number;
  readonly desiredReason: string;
  readonly readySlaves: number;
  readonly master: string | null;
  readonly epoch: number;
  readonly workers: readonly ({
    readonly name: string;
    readonly container: string;
    readonly host: string;
    readonly pid: number | null;
    readonly state: "joining" | "slave" | "draining" | "master" | "starting" | "dead" | "unknown";
    readonly epoch: number;
    readonly position: number;
    /** Records behind the master */
    readonly lag: number;
    /** For how long the master has had a record that this one has not */
    readonly lagMs: number;
    readonly readsServed: number;
    readonly writesServed: number;
    /** Unix time in ms */
    readonly sinceMs: number;
  })[];
  readonly hosts: readonly ({
    readonly name: string;
    readonly number: number;
    /** False while it is away, which does not mean that it is dead */
    readonly reachable: boolean;
    /** Since when it is reachable, or away; 0 when that is not known */
    readonly sinceMs: number;
    readonly workers: number;
    readonly leads: readonly ("master" | "stream" | "zookeeper" | "controller")[];
    /** Its own servers that take no part though it is reachable; an earlier version tells none */
    readonly partsAway?: readonly ("broker" | "zookeeper")[];
    /** What its loss would cost now; empty while it is away */
    readonly lossWouldCost: string;
  })[];
  readonly copies: readonly {
    readonly worker: string;
    readonly epoch: number;
    readonly position: number;
    /** False until a worker has opened it */
    readonly known: boolean;
    /** Whether a worker runs on it */
    readonly mounted: boolean;
    /** Its worker led last, and still has the copy that it had then, which holds every acknowledged write */
    readonly lastMaster: boolean;
  }[];
  readonly window: {
    readonly reads: number;
    /** Unix time in ms */
    readonly startedAtMs: number;
    /** Unix time in ms */
    readonly endsAtMs: number;
  } | null;
  readonly conditions: readonly ({
    readonly type: "Ready" | "MasterAvailable" | "DataComplete" | "SlavesAvailable" | "Scaling" | "ManifestValid" | "ManifestApplied" | "Degraded" | "Paused" | "BackupRecent" | "HostsAvailable" | "Redundant";
    readonly status: "True" | "False" | "Unknown";
    readonly reason: string;
    readonly message: string;
    /** Unix time in ms */
    readonly sinceMs: number;
  })[];
  /** Null where the manifest asks for none, and none was ever taken */
  readonly backups: {
    readonly lastGood: {
      readonly name: string;
      /** When the copy was there: everything in it was written before */
      readonly atMs: number;
      /** Its place in the log */
      readonly position: number;
      readonly bytes: number;
      /** The host that has it, where there are several */
      readonly host?: string;
    } | null;
    /** Of the last try; null when it succeeded */
    readonly failure: {
      /** Unix time in ms */
      readonly atMs: number;
      readonly reason: string;
    } | null;
    /** All there ever were */
    readonly failures: number;
  } | null;
  readonly foreign: readonly {
    readonly name: string;
    readonly reason: string;
  }[];
  readonly failovers: readonly ({
    /** Unix time in ms */
    readonly atMs: number;
    readonly from: string | null;
    readonly to: string;
    readonly epoch: number;
    /** How long there was no master; null when unknown */
    readonly gapMs: number | null;
  })[];
  readonly lastCycle: {
    readonly id: string;
    /** Unix time in ms */
    readonly atMs: number;
    readonly tookMs: number;
  };
};

export type Stats = {
  /** Unix time in ms */
  readonly atMs: number;
  readonly api: string;
  readonly reads: {
    readonly total: number;
    readonly perSecond: number;
    readonly failedPerSecond: number;
    readonly p50Ms: number | null;
    readonly p95Ms: number | null;
    readonly p99Ms: number | null;
    readonly inFlight: number;
  };
  readonly writes: {
    readonly total: number;
    readonly perSecond: number;
    readonly failedPerSecond: number;
    readonly p50Ms: number | null;
    readonly p95Ms: number | null;
    readonly p99Ms: number | null;
    readonly inFlight: number;
  };
  readonly queues: {
    readonly readQ: number;
    readonly writeQ: number;
    readonly syncQ: number;
    readonly responseQ: number;
    readonly deadQ: number;
  } | null;
  readonly reachable: {
    readonly rabbitmq: boolean;
    readonly zookeeper: boolean;
    readonly controller: boolean;
  };
  readonly scaling: {
    readonly baseline: number;
    readonly min: number;
    readonly max: number;
    readonly windowMs: number;
    readonly readsPerSlave: number;
  } | null;
};
