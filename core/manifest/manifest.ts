// The desired state as the operator's manifest gives it, after parsing. Defaults are already filled in; times are ms.
import type { AccessSpec } from "../access.ts";
import type { Schema } from "../schema.ts";

export interface ScalingSpec {
  /** Slaves before the first window has ended. */
  readonly baseline: number;
  readonly min: number;
  readonly max: number;
  readonly windowMs: number;
  readonly readsPerSlave: number;
}

export interface WorkerSpec {
  readonly memoryBytes: number;
  readonly pidsMax: number;
  /** A started container that is not ready by then counts as failed. */
  readonly readyWithinMs: number;
  /** How long a draining slave may take to finish what it holds. */
  readonly drainWithinMs: number;
}

export interface FailoverSpec {
  /** ZooKeeper session timeout of the workers: the bound for noticing a hung or cut-off one. */
  readonly sessionTimeoutMs: number;
}

export interface LogSpec {
  readonly retentionBytes: number;
  readonly retentionMs: number;
}

export interface RequestSpec {
  /** How long the API waits for an answer before 503. */
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  /** A query is interrupted after this. */
  readonly queryMs: number;
  /** How long answers under a client's Idempotency-Key are kept. */
  readonly idempotencyMs: number;
}

export interface ManifestSpec {
  /** The controller observes and reports but acts on nothing. */
  readonly paused: boolean;
  readonly scaling: ScalingSpec;
  readonly worker: WorkerSpec;
  readonly failover: FailoverSpec;
  readonly log: LogSpec;
  readonly requests: RequestSpec;
  readonly access: AccessSpec;
  readonly database: Schema;
}

export interface Manifest {
  readonly apiVersion: "dbaas.rideshare/v1";
  readonly kind: "Database";
  readonly metadata: { readonly name: string };
  readonly spec: ManifestSpec;
}

/** One thing that is wrong with a manifest text. Lines and columns count from 1. */
export interface ManifestProblem {
  readonly line: number;
  readonly column: number;
  /** For instance `spec.scaling.max`. */
  readonly path: string;
  /** Names what is wrong and, for an unknown key, the nearest known one. */
  readonly message: string;
}

export class ManifestError extends Error {
  override readonly name = "ManifestError";
  readonly problems: readonly ManifestProblem[];

  constructor(problems: readonly ManifestProblem[]) {
    super(problems.map((p) => `${p.line}:${p.column} ${p.path}: ${p.message}`).join("; "));
    this.problems = problems;
  }
}
