// From the operator's text to a Manifest. Parsed completely at the door: either everything is right, or all that is wrong
// is told at once, each with its line and column.

import { openAccess } from "../access.ts";
import { emptySchema } from "../schema.ts";
import { access } from "./access.ts";
import { duration, flag, mapping, oneOf, type Place, quoted, size, text, whole } from "./fields.ts";
import type { FailoverSpec, LogSpec, RequestSpec, ScalingSpec, WorkerSpec } from "./manifest.ts";
import { type Manifest, ManifestError, type ManifestProblem, type ManifestSpec } from "./manifest.ts";
import { schema } from "./tables.ts";
import { type Path, parseYaml, type YamlText } from "./yaml.ts";

export const manifestLimits = {
  textLengthMax: 1024 * 1024,
  /** As the accepted manifest stands in ZooKeeper, whose servers drop a connection that sends more than a megabyte at once. */
  specBytesMax: 900_000,
  problemsMax: 50,
  slavesMax: 64,
} as const;

const minute = 60_000;
const hour = 60 * minute;
const mebi = 2 ** 20;

const scalingDefaults: ScalingSpec = { baseline: 1, min: 1, max: 8, windowMs: 2 * minute, readsPerSlave: 20 };

const slaves = whole(1, manifestLimits.slavesMax);

const scalingFields = mapping<ScalingSpec>({
  baseline: { key: "baseline", read: slaves, fallback: scalingDefaults.baseline },
  min: { key: "min", read: slaves, fallback: scalingDefaults.min },
  max: { key: "max", read: slaves, fallback: scalingDefaults.max },
  windowMs: { key: "window", read: duration("1s", "24h"), fallback: scalingDefaults.windowMs },
  readsPerSlave: {
    key: "readsPerSlave",
    read: whole(1, 1_000_000_000),
    fallback: scalingDefaults.readsPerSlave,
  },
});

function scaling(place: Place): ScalingSpec | undefined {
  const read = scalingFields(place);
  if (read === undefined) return undefined;
  const { min, max, baseline } = read;
  if (min > max) place.at("max").report(`must be at least min: min is ${min}, max is ${max}`);
  else if (baseline < min || baseline > max)
    place.at("baseline").report(`must be from min to max (${min} to ${max}), not ${baseline}`);
  return read;
}

const workerDefaults: WorkerSpec = {
  memoryBytes: 512 * mebi,
  pidsMax: 128,
  readyWithinMs: minute,
  drainWithinMs: minute / 2,
};

const worker = mapping<WorkerSpec>({
  memoryBytes: { key: "memory", read: size("64Mi", "1Ti"), fallback: workerDefaults.memoryBytes },
  pidsMax: { key: "pidsMax", read: whole(32, 32_768), fallback: workerDefaults.pidsMax },
  readyWithinMs: { key: "readyWithin", read: duration("5s", "24h"), fallback: workerDefaults.readyWithinMs },
  drainWithinMs: { key: "drainWithin", read: duration("1s", "1h"), fallback: workerDefaults.drainWithinMs },
});

const failoverDefaults: FailoverSpec = { sessionTimeoutMs: 4_000 };

const failover = mapping<FailoverSpec>({
  sessionTimeoutMs: {
    key: "sessionTimeout",
    read: duration("1s", "1m"),
    fallback: failoverDefaults.sessionTimeoutMs,
  },
});

const logDefaults: LogSpec = { retentionBytes: 1024 * mebi, retentionMs: 7 * 24 * hour };

const log = mapping<LogSpec>({
  retentionBytes: { key: "retentionSize", read: size("64Mi", "1Ti"), fallback: logDefaults.retentionBytes },
  retentionMs: { key: "retentionAge", read: duration("1m", "3650d"), fallback: logDefaults.retentionMs },
});

const requestDefaults: RequestSpec = {
  timeoutMs: 10_000,
  bodyBytesMax: mebi,
  queryMs: 2_000,
  idempotencyMs: 24 * hour,
};

const requestFields = mapping<RequestSpec>({
  timeoutMs: { key: "timeout", read: duration("100ms", "5m"), fallback: requestDefaults.timeoutMs },
  // A body and its answer must each fit into one message of the broker.
  bodyBytesMax: { key: "bodySizeMax", read: size("1Ki", "4Mi"), fallback: requestDefaults.bodyBytesMax },
  queryMs: { key: "queryTime", read: duration("10ms", "5m"), fallback: requestDefaults.queryMs },
  idempotencyMs: {
    key: "idempotencyRetention",
    read: duration("1m", "365d"),
    fallback: requestDefaults.idempotencyMs,
  },
});

function requests(place: Place): RequestSpec | undefined {
  const read = requestFields(place);
  if (read !== undefined && read.queryMs > read.timeoutMs)
    place.at("queryTime").report("must not be longer than timeout: nobody would wait for the answer");
  return read;
}

const spec = mapping<ManifestSpec>({
  paused: { key: "paused", read: flag, fallback: false },
  scaling: { key: "scaling", read: scaling, fallback: scalingDefaults },
  worker: { key: "worker", read: worker, fallback: workerDefaults },
  failover: { key: "failover", read: failover, fallback: failoverDefaults },
  log: { key: "log", read: log, fallback: logDefaults },
  requests: { key: "requests", read: requests, fallback: requestDefaults },
  access: { key: "access", read: access, fallback: openAccess },
  database: { key: "database", read: schema, fallback: emptySchema },
});

const manifest = mapping<Manifest>({
  apiVersion: { key: "apiVersion", read: oneOf("dbaas.rideshare/v1") },
  kind: { key: "kind", read: oneOf("Database") },
  metadata: {
    key: "metadata",
    read: mapping<Manifest["metadata"]>({
      name: {
        key: "name",
        read: text(/^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/, "must be lower-case letters, digits, - and ."),
      },
    }),
  },
  spec: { key: "spec", read: spec },
});

const plainKey = /^[A-Za-z_][\w-]*$/;

function appended(path: string, segment: string | number): string {
  if (typeof segment === "number") return `${path}[${segment}]`;
  if (!plainKey.test(segment)) return `${path}[${quoted(segment)}]`;
  return path === "" ? segment : `${path}.${segment}`;
}

/** `spec.database.tables[0].columns[1].type` */
export const formatPath = (path: Path): string => path.reduce<string>(appended, "") || "(document)";

class Problems {
  readonly found: ManifestProblem[] = [];
  readonly #yaml: YamlText;

  constructor(yaml: YamlText) {
    this.#yaml = yaml;
  }

  place(value: unknown, path: Path): Place {
    const child = (segment: string | number): unknown =>
      typeof value === "object" && value !== null && Object.hasOwn(value, segment)
        ? (value as Readonly<Record<string | number, unknown>>)[segment]
        : undefined;
    return {
      value,
      path,
      report: (message) => this.#add(path, this.#yaml.locate(path), message),
      reportKey: (key, message) => this.#add([...path, key], this.#yaml.locateKey([...path, key]), message),
      at: (segment) => this.place(child(segment), [...path, segment]),
    };
  }

  #add(path: Path, position: { readonly line: number; readonly column: number }, message: string): void {
    if (this.found.length < manifestLimits.problemsMax)
      this.found.push({ line: position.line, column: position.column, path: formatPath(path), message });
  }
}

const wholeText = (message: string): ManifestError =>
  new ManifestError([{ line: 1, column: 1, path: "(document)", message }]);

/** @throws ManifestError with every problem found */
export function parseManifest(text: string): Manifest {
  if (text.length > manifestLimits.textLengthMax)
    throw wholeText(`is longer than ${manifestLimits.textLengthMax} characters: this is no manifest`);
  const yaml = parseYaml(text);
  if (yaml.problems.length > 0)
    throw new ManifestError(
      yaml.problems
        .slice(0, manifestLimits.problemsMax)
        .map((problem) => ({ ...problem, path: "(document)" })),
    );
  if (yaml.value === null || yaml.value === undefined) throw wholeText("is empty");
  const problems = new Problems(yaml);
  const parsed = manifest(problems.place(yaml.value, []));
  if (problems.found.length > 0 || parsed === undefined) throw new ManifestError(inOrder(problems.found));
  return { ...parsed, spec: asKept(parsed.spec) };
}

/** As it comes back from ZooKeeper: what JSON writes in another way must not look like a change for ever. */
function asKept(spec: ManifestSpec): ManifestSpec {
  const json = JSON.stringify(spec);
  const bytes = Buffer.byteLength(json);
  if (bytes > manifestLimits.specBytesMax)
    throw wholeText(
      `takes ${bytes} bytes to keep, and must not take more than ${manifestLimits.specBytesMax}`,
    );
  return JSON.parse(json) as ManifestSpec;
}

const inOrder = (problems: readonly ManifestProblem[]): readonly ManifestProblem[] =>
  [...problems].sort((a, b) => a.line - b.line || a.column - b.column);
