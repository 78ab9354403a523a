// PURE: the one table of the manifest's fields. From it come the parser, the types, the defaults, the JSON Schema for editors,
// and how `./dbaas diff` names and writes a change. Another field is one entry here and what goes by it.
import { z } from "zod";
import { hosts, tokens } from "./access.ts";
import { tables } from "./tables.ts";
import { checked, duration, flag, mapping, size, whole } from "./values.ts";

/** What the running cluster does about a change. */
const effects = {
  controller: "the controller goes by it at once",
  slaves: "the controller starts or drains slaves",
  workers: "every worker is replaced, one by one",
  sessions: "every worker begins a new session with ZooKeeper",
  nextLog: "it counts for the next log; the present one keeps to what it was made with",
  requests: "it holds for the requests from then on",
  tables: "the master adds what is new; what holds data is never dropped or changed",
} as const;
export type Effect = keyof typeof effects;

/** How people write the value. In the code, times are ms and sizes are bytes. */
export type Unit = "duration" | "size" | "plain";

interface Entry<S extends z.ZodType> {
  /** The name in the manifest; the name in this table, which the code uses, ends in the unit. */
  readonly key: string;
  readonly value: S;
  /** As the manifest writes it. */
  readonly fallback: z.input<S>;
  readonly unit?: Unit;
  readonly effect: Effect;
  readonly says: string;
}

export interface Field<S extends z.ZodType = z.ZodType> {
  readonly key: string;
  readonly unit: Unit;
  readonly effect: Effect;
  readonly schema: S;
}

export interface Group<S extends z.ZodType = z.ZodType> {
  readonly key: string;
  readonly fields: Fields;
  readonly schema: S;
}

export type Fields = { readonly [name: string]: Field | Group };

type Read<F extends Fields> = { readonly [N in keyof F]: z.output<F[N]["schema"]> };

function field<S extends z.ZodType>({ key, value, fallback, unit = "plain", effect, says }: Entry<S>) {
  const schema = z.prefault(value, fallback).describe(`${says}. After a change: ${effects[effect]}`);
  return { key, unit, effect, schema } satisfies Field;
}

/** The fields as a mapping of the manifest, read under the names that the code uses. */
function read<const F extends Fields>(fields: F) {
  const members = Object.entries(fields);
  return mapping(Object.fromEntries(members.map(([, { key, schema }]) => [key, schema]))).transform(
    (written) => Object.fromEntries(members.map(([name, { key }]) => [name, written[key]])) as Read<F>,
  );
}

/** What stands together under a key; all of it may be left out. */
function group<S extends z.ZodType>(key: string, fields: Fields, schema: S) {
  return { key, fields, schema: z.prefault(schema, {} as z.input<S>) } satisfies Group;
}

const slaves = whole(1, 64);

const scaling = {
  baseline: field({
    key: "baseline",
    value: slaves,
    fallback: 1,
    effect: "slaves",
    says: "slaves until the first window has ended",
  }),
  min: field({
    key: "min",
    value: slaves,
    fallback: 1,
    effect: "slaves",
    says: "never fewer slaves than this, however few reads come",
  }),
  max: field({
    key: "max",
    value: slaves,
    fallback: 8,
    effect: "slaves",
    says: "never more slaves than this, however many reads come",
  }),
  windowMs: field({
    key: "window",
    value: duration("1s", "24h"),
    fallback: "2m",
    unit: "duration",
    effect: "slaves",
    says: "reads are counted over this long, beginning with the first read",
  }),
  readsPerSlave: field({
    key: "readsPerSlave",
    value: whole(1, 1_000_000_000),
    fallback: 20,
    effect: "slaves",
    says: "so many reads in a window, or a part of them, ask for one slave",
  }),
};

const scalingBounds = checked(read(scaling), ({ min, max, baseline }, report) => {
  if (min > max) report(["max"], `must be at least min: min is ${min}, max is ${max}`);
  else if (baseline < min || baseline > max)
    report(["baseline"], `must be from min to max (${min} to ${max}), not ${baseline}`);
});

const worker = {
  memoryBytes: field({
    key: "memory",
    value: size("64Mi", "1Ti"),
    fallback: "512Mi",
    unit: "size",
    effect: "workers",
    says: "a worker that takes more is ended by the kernel and replaced",
  }),
  pidsMax: field({
    key: "pidsMax",
    value: whole(32, 32_768),
    fallback: 128,
    effect: "workers",
    says: "processes and threads in a worker's container",
  }),
  readyWithinMs: field({
    key: "readyWithin",
    value: duration("5s", "24h"),
    fallback: "1m",
    unit: "duration",
    effect: "controller",
    says: "a worker that is not ready by then counts as failed and is replaced",
  }),
  drainWithinMs: field({
    key: "drainWithin",
    value: duration("1s", "1h"),
    fallback: "30s",
    unit: "duration",
    effect: "controller",
    says: "how long a slave may take to finish its reads before it is stopped when scaling in",
  }),
};

/** What a worker's container is made with, so that a change replaces it. */
export const containerLimits = (spec: ManifestSpec["worker"]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    (Object.keys(worker) as (keyof typeof worker)[])
      .filter((name) => worker[name].effect === "workers")
      .map((name) => [name, spec[name]]),
  );

const failover = {
  sessionTimeoutMs: field({
    key: "sessionTimeout",
    value: duration("1s", "1m"),
    fallback: "4s",
    unit: "duration",
    effect: "sessions",
    says: "a hung or cut-off worker counts as lost after this; a dead one is noticed at once",
  }),
};

const log = {
  retentionBytes: field({
    key: "retentionSize",
    value: size("64Mi", "1Ti"),
    fallback: "1Gi",
    unit: "size",
    effect: "nextLog",
    says: "older parts of the replication log are dropped beyond this size",
  }),
  retentionMs: field({
    key: "retentionAge",
    value: duration("1m", "3650d"),
    fallback: "168h",
    unit: "duration",
    effect: "nextLog",
    says: "parts of the replication log are dropped beyond this age",
  }),
};

const requests = {
  timeoutMs: field({
    key: "timeout",
    value: duration("100ms", "5m"),
    fallback: "10s",
    unit: "duration",
    effect: "requests",
    says: "without an answer by then the client gets 503",
  }),
  // A body and its answer must each fit into one message of the broker.
  bodyBytesMax: field({
    key: "bodySizeMax",
    value: size("1Ki", "4Mi"),
    fallback: "1Mi",
    unit: "size",
    effect: "requests",
    says: "larger request bodies get 413",
  }),
  queryMs: field({
    key: "queryTime",
    value: duration("10ms", "5m"),
    fallback: "2s",
    unit: "duration",
    effect: "requests",
    says: "a single query is interrupted after this; an update or delete after 200 ms while other writes wait",
  }),
  idempotencyMs: field({
    key: "idempotencyRetention",
    value: duration("1m", "365d"),
    fallback: "24h",
    unit: "duration",
    effect: "requests",
    says: "how long the answer under a client's Idempotency-Key is remembered",
  }),
};

const requestTimes = checked(read(requests), ({ queryMs, timeoutMs }, report) => {
  if (queryMs > timeoutMs)
    report(["queryTime"], "must not be longer than timeout: the client would be gone before the answer");
});

const rateLimit = {
  perSecond: field({
    key: "requestsPerSecond",
    value: whole(0, 1_000_000),
    fallback: 0,
    effect: "requests",
    says: "of each token, or of each address where tokens are not asked for; 0: no limit",
  }),
  burst: field({
    key: "burst",
    value: whole(0, 10_000_000),
    fallback: 0,
    effect: "requests",
    says: "how many may come at once; 0: as many as in a second",
  }),
};

const effectiveRateLimit = read(rateLimit).transform((limit) =>
  limit.burst === 0 ? { ...limit, burst: limit.perSecond } : limit,
);

const access = {
  tokens: field({
    key: "tokens",
    value: tokens,
    fallback: [],
    effect: "requests",
    says: "who may ask the API, each as `./dbaas token ROLE NAME` prints it; without tokens everybody may ask everything",
  }),
  rateLimit: group("rateLimit", rateLimit, effectiveRateLimit),
  hosts: field({
    key: "hosts",
    value: hosts,
    fallback: [],
    effect: "requests",
    says: "names with a dot under which clients may ask for changes while there are no tokens",
  }),
};

const database = {
  tables: field({ key: "tables", value: tables, fallback: [], effect: "tables", says: "the tables" }),
};

const spec = {
  paused: field({
    key: "paused",
    value: flag,
    fallback: false,
    effect: "controller",
    says: "true: the controller goes on observing and reporting, but starts, stops and replaces nothing",
  }),
  scaling: group("scaling", scaling, scalingBounds),
  worker: group("worker", worker, read(worker)),
  failover: group("failover", failover, read(failover)),
  log: group("log", log, read(log)),
  requests: group("requests", requests, requestTimes),
  access: group("access", access, read(access)),
  database: group("database", database, read(database)),
};

export const specFields: Fields = spec;
export const specSchema = read(spec);
export type ManifestSpec = z.output<typeof specSchema>;
