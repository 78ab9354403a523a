// The desired state as the operator's manifest gives it, after parsing. Defaults are already filled in; times are ms.
import type { ManifestSpec } from "./fields.ts";

export type { ManifestSpec } from "./fields.ts";
export type ScalingSpec = ManifestSpec["scaling"];
export type WorkerSpec = ManifestSpec["worker"];
export type LogSpec = ManifestSpec["log"];
export type RequestSpec = ManifestSpec["requests"];
export type BackupSpec = ManifestSpec["backup"];

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
