// The engine that the environment asks for: plain Docker, which is one host, or a Swarm of several.
import { hostname } from "node:os";
import { queues } from "../../core/messages/queues.ts";
import { systemClock } from "../../platform/process/clock.ts";
import { type Environment, variable } from "../../platform/process/program.ts";
import { brokersIn } from "../../platform/rabbitmq/brokers.ts";
import { streamRole } from "../../platform/rabbitmq/stream-role.ts";
import { addressIn } from "../../platform/zookeeper/address.ts";
import { serverRole } from "../../platform/zookeeper/server-role.ts";
import type { EngineOpener, HostReporter } from "../ports.ts";
import { DockerApi } from "./docker/docker-api.ts";
import { dockerOpener } from "./docker/docker-opener.ts";
import { SwarmHostReporter } from "./swarm/host-reporter.ts";
import { OwnParts } from "./swarm/own-parts.ts";
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
  const hostReporter = new SwarmHostReporter({ api, name: self, cluster, image, parts: partsHere(env) });
  const engineOpener = swarmOpener({ api, cluster, self, clock: systemClock });
  return { engineOpener, hostReporter, self, sessionTimeoutMs: sessionTimeouts.severalHosts };
}

/** Each is asked by the name that the programs of this host prefer. */
function partsHere(env: Environment): OwnParts {
  const { RABBITMQ_PREFERRED: broker, ZOOKEEPER_PREFERRED: preferred } = env;
  const [server] = !preferred ? [] : addressIn(variable(env, "ZOOKEEPER"), preferred).hosts.split(",");
  const [{ url = "" } = {}] = brokersIn(variable(env, "RABBITMQ_URL"));
  const { username, password } = new URL(url);
  const login = { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  const asks = {
    ...(broker === undefined ? {} : { broker: () => streamRole({ host: broker, ...login }, queues.sync) }),
    ...(server === undefined ? {} : { zookeeper: () => serverRole(server) }),
  };
  return new OwnParts(asks, systemClock);
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
