// The engine that the environment asks for: plain Docker, which is one host, or a Swarm of several.
import { hostname } from "node:os";
import { queues } from "../../core/messages/queues.ts";
import { systemClock } from "../../platform/process/clock.ts";
import { type Environment, variable } from "../../platform/process/program.ts";
import { brokersIn } from "../../platform/rabbitmq/brokers.ts";
import { leadsStream } from "../../platform/rabbitmq/leads.ts";
import { addressIn } from "../../platform/zookeeper/address.ts";
import { leadsEnsemble } from "../../platform/zookeeper/leads.ts";
import type { EngineOpener, HostReporter } from "../ports.ts";
import { DockerApi } from "./docker/docker-api.ts";
import { dockerOpener } from "./docker/docker-opener.ts";
import { SwarmHostReporter } from "./swarm/host-reporter.ts";
import { swarmOpener } from "./swarm/swarm-opener.ts";
import type { WorkerSettings } from "./worker-container.ts";

export interface ChosenEngine {
  readonly engineOpener: EngineOpener;
  /** Null where there is only one host. */
  readonly hostReporter: HostReporter | null;
  /** The name of the host that this program runs on. */
  readonly self: string;
  readonly sessionTimeoutMs: number;
}

interface ForWorkers {
  readonly cluster: string;
  readonly image: string;
}

type Choice = (env: Environment, workers: ForWorkers) => ChosenEngine;

/** Where there are several hosts, the loss of one must be noticed before its workers are missed. */
const sessionTimeouts = { oneHost: 4_000, severalHosts: 2_000 } as const;

/** By what `DBAAS_ENGINE` says. */
const engines: ReadonlyMap<string, Choice> = new Map<string, Choice>([
  ["docker", plainDocker],
  ["swarm", swarm],
]);

export function chooseEngine(env: Environment, workers: ForWorkers): ChosenEngine {
  const name = variable(env, "DBAAS_ENGINE", "docker");
  const choice = engines.get(name);
  if (choice !== undefined) return choice(env, workers);
  throw new Error(
    `environment variable DBAAS_ENGINE is ${name}; there are ${[...engines.keys()].join(", ")}`,
  );
}

const dockerSocket = (env: Environment): string => variable(env, "DOCKER_SOCKET", "/var/run/docker.sock");

function plainDocker(env: Environment, { cluster, image }: ForWorkers): ChosenEngine {
  const self = hostname();
  const engineOpener = dockerOpener({ socketPath: dockerSocket(env), cluster, image, self });
  return { engineOpener, hostReporter: null, self, sessionTimeoutMs: sessionTimeouts.oneHost };
}

function swarm(env: Environment, { cluster, image }: ForWorkers): ChosenEngine {
  const self = variable(env, "DBAAS_HOST");
  const api = new DockerApi(dockerSocket(env));
  const hostReporter = new SwarmHostReporter({ api, name: self, cluster, image, leads: leadsHere(env) });
  const engineOpener = swarmOpener({ api, cluster, self, clock: systemClock });
  return { engineOpener, hostReporter, self, sessionTimeoutMs: sessionTimeouts.severalHosts };
}

const leadsAskedEveryMs = 2_000;

/** Whether this host's own broker and ZooKeeper server lead; asked for from time to time. */
function leadsHere(env: Environment): () => Promise<readonly ("stream" | "zookeeper")[]> {
  const broker = env.RABBITMQ_PREFERRED;
  const server = addressIn(variable(env, "ZOOKEEPER"))
    .hosts.split(",")
    .find((one) => one.startsWith(`${env.ZOOKEEPER_PREFERRED}:`));
  const [{ url = "" } = {}] = brokersIn(variable(env, "RABBITMQ_URL"));
  const { username, password } = new URL(url);
  const login = { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  let known: readonly ("stream" | "zookeeper")[] = [];
  let askedAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (systemClock.monotonicMs() - askedAtMs < leadsAskedEveryMs) return known;
    askedAtMs = systemClock.monotonicMs();
    const [stream, zookeeper] = await Promise.all([
      broker === undefined ? false : leadsStream({ host: broker, ...login }, queues.sync),
      server === undefined ? false : leadsEnsemble(server),
    ]);
    known = [...(stream ? (["stream"] as const) : []), ...(zookeeper ? (["zookeeper"] as const) : [])];
    return known;
  };
}

const secretsFolder = "/run/secrets";

/** Credentials that this program was handed as secrets of the engine are handed on as such. */
export function workerSecrets(
  env: Environment,
  cluster: string,
): Required<Pick<WorkerSettings, "environment" | "secrets">> {
  const given = [
    { name: "RABBITMQ_URL", file: "rabbitmq-url", value: variable(env, "RABBITMQ_URL") },
    { name: "ZOOKEEPER", file: "zookeeper-servers", value: variable(env, "ZOOKEEPER", "zookeeper:2181") },
  ].map((one) => ({ ...one, isSecret: env[`${one.name}_FILE`]?.startsWith(`${secretsFolder}/`) === true }));
  return {
    environment: Object.fromEntries(
      given.map(({ name, file, value, isSecret }) =>
        isSecret ? [`${name}_FILE`, `${secretsFolder}/${file}`] : [name, value],
      ),
    ),
    secrets: given.flatMap(({ file, isSecret }) => (isSecret ? [{ name: `${cluster}-${file}`, file }] : [])),
  };
}
