// PURE: the one table of the manifest's fields. From it come the parser, the types, the defaults, the JSON Schema for editors,
// and how `./dbaas diff` names and writes a change. Another field is one entry here and what goes by it. It is plain data: workers
// load it, and have no room for zod.
import { field, group, type ValuesOf } from "./field.ts";
import { duration, durationOrNever, flag, hosts, oneOf, size, tables, text, tokens, whole } from "./kinds.ts";

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

const worker = {
  memoryBytes: field({
    key: "memory",
    value: size("64Mi", "1Ti"),
    fallback: "512Mi",
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
    effect: "controller",
    says: "a worker that is not ready by then counts as failed and is replaced",
  }),
  drainWithinMs: field({
    key: "drainWithin",
    value: duration("1s", "1h"),
    fallback: "30s",
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
    effect: "sessions",
    says: "a hung or cut-off worker counts as lost after this; a dead one is noticed at once",
  }),
};

const log = {
  retentionBytes: field({
    key: "retentionSize",
    value: size("64Mi", "1Ti"),
    fallback: "1Gi",
    effect: "nextLog",
    says: "older parts of the replication log are dropped beyond this size",
  }),
  retentionMs: field({
    key: "retentionAge",
    value: duration("1m", "3650d"),
    fallback: "168h",
    effect: "nextLog",
    says: "parts of the replication log are dropped beyond this age",
  }),
};

const requests = {
  timeoutMs: field({
    key: "timeout",
    value: duration("100ms", "5m"),
    fallback: "10s",
    effect: "requests",
    says: "without an answer by then the client gets 503",
  }),
  // A body and its answer must each fit into one message of the broker.
  bodyBytesMax: field({
    key: "bodySizeMax",
    value: size("1Ki", "4Mi"),
    fallback: "1Mi",
    effect: "requests",
    says: "larger request bodies get 413",
  }),
  queryMs: field({
    key: "queryTime",
    value: duration("10ms", "5m"),
    fallback: "2s",
    effect: "requests",
    says: "a single query is interrupted after this; an update or delete after 200 ms while other writes wait",
  }),
  transactionMs: field({
    key: "transactionTime",
    value: duration("100ms", "5m"),
    fallback: "30s",
    effect: "requests",
    says: "a transaction of a libSQL client that is open for longer is undone, and a stream that keeps something and idles for longer is closed",
  }),
  idempotencyMs: field({
    key: "idempotencyRetention",
    value: duration("1m", "365d"),
    fallback: "24h",
    effect: "running",
    says: "how long the answer under a client's Idempotency-Key is remembered",
  }),
  schemaBySql: field({
    key: "schemaBySql",
    value: oneOf(["admin", "writer"]),
    fallback: "admin",
    effect: "requests",
    says: "the role that CREATE, ALTER and DROP in SQL ask for, where there are tokens",
  }),
};

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

const access = {
  tokens: field({
    key: "tokens",
    value: tokens,
    fallback: [],
    effect: "requests",
    says: "who may ask the API, each as `./dbaas token ROLE NAME` prints it; without tokens everybody may ask everything",
  }),
  rateLimit: group("rateLimit", rateLimit, {
    settle: (limit) => (limit.burst === 0 ? { ...limit, burst: limit.perSecond } : limit),
  }),
  hosts: field({
    key: "hosts",
    value: hosts,
    fallback: [],
    effect: "requests",
    says: "names with a dot under which clients may ask for changes while there are no tokens",
  }),
};

const backup = {
  everyMs: field({
    key: "every",
    value: durationOrNever("10s", "365d"),
    fallback: "never",
    effect: "backups",
    says: "a backup is taken so often; never: only by ./dbaas backup",
  }),
  keep: field({
    key: "keep",
    value: whole(1, 1_000),
    fallback: 24,
    effect: "backups",
    says: "so many of them are kept; the oldest go first",
  }),
  directory: field({
    key: "directory",
    // Nothing that leads out of it, and nothing that a log or a shell would show otherwise.
    value: text(
      /^(?:\/[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}){1,8}$/,
      "must be the path of a folder in the orchestrator's container, such as /backups",
    ),
    fallback: "/backups",
    effect: "backups",
    says: "the folder in the orchestrator's container that they are written to",
  }),
};

const database = {
  tables: field({ key: "tables", value: tables, fallback: [], effect: "tables", says: "the tables" }),
};

export const specFields = {
  paused: field({
    key: "paused",
    value: flag,
    fallback: false,
    effect: "controller",
    says: "true: the controller goes on observing and reporting, but starts, stops and replaces nothing",
  }),
  scaling: group("scaling", scaling, {
    check: ({ min, max, baseline }, report) => {
      if (min > max) report(["max"], `must be at least min: min is ${min}, max is ${max}`);
      else if (baseline < min || baseline > max)
        report(["baseline"], `must be from min to max (${min} to ${max}), not ${baseline}`);
    },
  }),
  worker: group("worker", worker),
  failover: group("failover", failover),
  log: group("log", log),
  requests: group("requests", requests, {
    check: ({ queryMs, timeoutMs }, report) => {
      if (queryMs > timeoutMs)
        report(["queryTime"], "must not be longer than timeout: the client would be gone before the answer");
    },
  }),
  access: group("access", access),
  backup: group("backup", backup),
  database: group("database", database),
};

export type ManifestSpec = ValuesOf<typeof specFields>;
