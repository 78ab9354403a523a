// What a run of the bench finds out, scenario by scenario. This is also the form of `tools/bench/results/*.json`.
import type { Pair, Summary } from "./summary.ts";

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryMb: number;
  readonly kernel: string;
  readonly node: string;
  /** How busy the machine was with other things before the run: the load average of the last minute. */
  readonly loadBefore: number;
}

export interface Replay {
  readonly records: number;
  readonly rows: number;
  readonly ms: number;
  readonly rowsPerSecond: number;
}

export interface Failover {
  readonly how: "crash call" | "kill";
  /** The longest time in which no write was answered, with one coming every 5 ms. */
  readonly gapMs: number;
  /** From the call until the cluster was whole again: another slave holds all data and serves. */
  readonly wholeMs: number;
  /** Writes sent over the whole time, and how many of them were refused or lost their connection. */
  readonly writes: number;
  readonly failed: number;
}

export interface Size {
  readonly rows: number;
  readonly reads: Summary;
  readonly writes: Summary;
  readonly failovers: readonly Failover[];
  /** From the manifest's edit until one more slave, which began with nothing, serves reads. */
  readonly newSlaveMs: number;
  readonly workersMb: Readonly<Record<string, number>>;
}

export interface MemorySample {
  readonly second: number;
  readonly megabytes: Readonly<Record<string, number>>;
}

/** The same by a row form and in SQL. */
export interface Forms {
  readonly rows: Summary;
  readonly sql: Summary;
}

export interface Results {
  readonly madeAt: string;
  readonly mode: "short" | "full";
  readonly machine: Machine;
  readonly headline?: { readonly reads: Pair; readonly writes: Pair };
  readonly lone?: { readonly reads: Pair; readonly writes: Pair };
  /** One row by its key. */
  readonly sql?: { readonly reads: Forms; readonly writes: Forms };
  /** At a fixed rate, a part of what the headline found. */
  readonly steady?: readonly {
    readonly kind: "reads" | "writes";
    readonly part: number;
    readonly ratePerSecond: number;
    readonly summary: Summary;
  }[];
  readonly connections?: readonly {
    readonly connections: number;
    readonly reads: Pair;
    readonly writes: Pair;
  }[];
  readonly slaves?: readonly {
    readonly slaves: number;
    readonly reads: Summary;
    readonly writes: Summary;
  }[];
  readonly replay?: {
    /** A log of group commits under load, every row a write of its own with its key. */
    readonly plain: Replay;
    readonly service: Replay;
    /** A log of writes with thousands of rows each. */
    readonly serviceBulk: Replay;
  };
  readonly sizes?: readonly Size[];
  readonly memory?: {
    readonly rows: number;
    readonly connections: number;
    readonly minutes: number;
    readonly samples: readonly MemorySample[];
    readonly load: Summary;
  };
  /** 100 quick reads and 100 quick writes a second, beside other clients. */
  readonly neighbours?: readonly {
    readonly name: string;
    readonly reads: Summary;
    readonly writes: Summary;
    /** What the others were answered, by status. */
    readonly answers: readonly Readonly<Record<string, number>>[];
  }[];
  readonly controller?: {
    /** Percent of one core with nothing to do. */
    readonly idleCpu: Readonly<Record<string, number>>;
    readonly simulatedWorkers: number;
    readonly cycleP50Ms: number;
    readonly cycleMaxMs: number;
    readonly cycles: number;
  };
}
