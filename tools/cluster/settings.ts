// The clusters that the tests share, by name and by port: one for the end-to-end tests, which prove the parts; one for the
// journeys, which follow those who use the whole: an operator, a spectator, the client application; one to be tortured; one on
// several hosts. All but that one live at the same time, for test/run.ts runs tests of each at the same time. `./dbaas test` takes away
// whatever carries these names; with another name and port given, a second run does not disturb the first.
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const rootDir = fileURLToPath(new URL("../../", import.meta.url));

const endToEnd = process.env.DBAAS_E2E_CLUSTER ?? "dbaas-e2e";

const others = {
  journeys: { cluster: `journeys-of-${endToEnd}`, portsFrom: 10 },
  torture: { cluster: `torture-of-${endToEnd}`, portsFrom: 20 },
  hosts: { cluster: `three-of-${endToEnd}`, portsFrom: 30 },
} as const;

/** By the folder of the test file that this process was started for. */
const [, folder] = /\/test\/(journeys|torture|hosts)\/[\w.-]+$/.exec(process.argv[1] ?? "") ?? [];
const { cluster: name, portsFrom } = others[folder as keyof typeof others] ?? {
  cluster: endToEnd,
  portsFrom: 0,
};

export const cluster = name;

const firstPort = Number(process.env.DBAAS_E2E_PORT ?? 18_480) + portsFrom;

export const ports = {
  api: firstPort,
  zooKeeper: firstPort + 1,
  rabbit: firstPort + 2,
  rabbitUi: firstPort + 3,
  rideshare: firstPort + 4,
  rideshareUsers: firstPort + 5,
} as const;

/** Known to every test process, so that each can edit what the running cluster reads. */
export const manifestDir = join(rootDir, ".dbaas", `${cluster}-manifests`);

/** What `./dbaas` is told about this cluster. Host ports are fixed, so that they survive a container's restart. */
export const environment: Readonly<Record<string, string>> = {
  DBAAS_CLUSTER: cluster,
  DBAAS_PORT: String(ports.api),
  DBAAS_MANIFESTS: manifestDir,
  DBAAS_ZOOKEEPER_PORT: String(ports.zooKeeper),
  DBAAS_RABBITMQ_PORT: String(ports.rabbit),
  DBAAS_RABBITMQ_UI_PORT: String(ports.rabbitUi),
  RIDESHARE_PORT: String(ports.rideshare),
  RIDESHARE_USERS_PORT: String(ports.rideshareUsers),
};

export const containers = {
  zooKeeper: `${cluster}-zookeeper`,
  rabbit: `${cluster}-rabbitmq`,
  orchestrator: `${cluster}-orchestrator`,
} as const;
