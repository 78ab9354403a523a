// The house as it is meant: its walls and its adapters. What breaks its rules for now stands in exceptions.ts.
import type { PureParts } from "./pure.ts";
import type { VariableRules } from "./variables.ts";
import type { Adapters, Unloaded, Walls } from "./walls.ts";

const core = "core";
const platform = "platform";

export const walls: Walls = {
  core: [],
  platform: [core],
  api: [core, platform],
  worker: [core, platform],
  controller: [core, platform],
  // The command line asks the API for most things, and so it does that as every client does.
  cli: [core, platform, "client"],
  orchestrator: [core, platform],
  // Programs of others carry it with them: it stands alone.
  client: [],
  // Runs in a browser: nothing there that touches the outside is known to platform/.
  dashboard: [core],
  examples: ["client"],
  // They start, measure and break the programs.
  tools: [core, platform, "api", "worker", "controller", "cli", "orchestrator", "client"],
  test: [
    core,
    platform,
    "api",
    "worker",
    "controller",
    "cli",
    "orchestrator",
    "client",
    "dashboard",
    "examples",
    "tools",
  ],
};

/** A worker has little memory, and a table of zod's validators takes 8 MiB of it. */
export const unloaded: Unloaded = { worker: ["zod"] };

export const adapters: Adapters = {
  amqplib: ["platform/rabbitmq/rabbit.ts"],
  // The torture is a program of its own, with a command line of its own.
  commander: ["cli/", "tools/torture/arguments.ts"],
  // The bench makes and looks at containers that are no workers.
  dockerode: ["controller/engines/docker/docker-api.ts", "tools/bench/world/engine.ts"],
  // The example is a program of others, with a server of its own.
  express: ["api/http/routes.ts", "api/pages/pages.ts", "examples/rideshare/service.ts"],
  "fastest-levenshtein": ["core/manifest/suggest.ts"],
  "p-queue": ["controller/reconcile/loop.ts"],
  pino: ["platform/telemetry/log.ts"],
  "pino-pretty": ["platform/telemetry/log.ts"],
  "prom-client": ["platform/telemetry/metrics.ts"],
  "@opentelemetry/api": ["platform/telemetry/opentelemetry.ts"],
  "@opentelemetry/exporter-trace-otlp-http": ["platform/telemetry/opentelemetry.ts"],
  "@opentelemetry/resources": ["platform/telemetry/opentelemetry.ts"],
  "@opentelemetry/sdk-trace": ["platform/telemetry/opentelemetry.ts"],
  sqlite3: ["worker/sqlite.ts"],
  yaml: ["core/manifest/yaml.ts"],
  zod: ["api/openapi/", "api/requests/", "core/manifest/"],
  zookeeper: ["platform/zookeeper/zookeeper.ts"],
};

export const pureParts: PureParts = {
  "node:buffer": ["isUtf8"],
  "node:crypto": ["createHash", "timingSafeEqual"],
  "node:net": ["isIP"],
  "node:util": ["isDeepStrictEqual", "parseArgs"],
  "node:zlib": ["crc32"],
  commander: ["Command", "CommanderError", "InvalidArgumentError"],
  "fastest-levenshtein": ["distance"],
  typescript: ["SyntaxKind", "*"],
  yaml: ["isMap", "isNode", "isScalar", "isSeq", "LineCounter", "parseDocument", "Document", "visit"],
  zod: ["z"],
};

/** Files that something else than an import starts. */
export const startedFiles: Readonly<Record<string, string>> = {
  "api/backups/check-backup.ts": "api/backups/backup-check.ts starts it as a thread",
  "api/cluster/check-manifest.ts": "api/cluster/manifest-check.ts starts it as a thread",
  "dashboard/feed/shared-worker.ts": "the page starts it as a shared worker, by its address",
  "test/check.ts": "npm run check",
  "test/run.ts": "./dbaas test",
  "test/simulation/run-thread.ts": "test/simulation/thread.ts starts it as a thread",
  "test/unit/platform/zookeeper/lookups-client.ts":
    "test/unit/platform/zookeeper/lookups.test.ts starts it as a program whose lookups are counted",
  "test/together.ts": "npm run check and ./dbaas test start it, with files as its arguments",
  "tools/hosts/no-names.ts": "hosts.sh starts it, in the network of the hosts",
  "worker/replay/main.ts": "cli/data/replaying.ts starts it, for a restore to a position or a moment",
  "worker/copy/inspect.ts": "tests and torture run it in a worker's container, by its path",
};

export const variables: VariableRules = {
  programs: [core, platform, "api", "worker", "controller", "cli", "orchestrator"],
  documents: { "README.md": /^OTEL_/, "docs/settings.md": /^/ },
  inner: {
    DBAAS_ENDS_WITH_INPUT: "deploy/program.sh tells the command line so",
    DBAAS_FAILPOINT: "tests have the controller die at a point",
    DBAAS_INPUT_BYTES: "deploy/program.sh tells the command line so",
    DBAAS_PROGRESS: "deploy/program.sh and deploy/data.sh tell the command line so",
    DBAAS_TERMINAL: "deploy/program.sh tells the command line so",
    XDG_STATE_HOME: "every program of a desktop goes by it",
  },
};

/** What looks like a path of the repository in a document or a comment, and is none. */
export const otherNames: Readonly<Record<string, string>> = {};
