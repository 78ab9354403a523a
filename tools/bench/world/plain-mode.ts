// Starts plain mode in containers of the same image, network and limits as the service's own.
import type { Container, ContainerWish, Engine } from "./engine.ts";
import { until } from "./http.ts";
import { countRows, type Subject, usageOfContainers } from "./subject.ts";

export interface PlainSettings {
  readonly cluster: string;
  readonly image: string;
  readonly rabbitUrl: string;
}

const memoryBytes = 512 * 1024 * 1024;
const readyWithinMs = 30_000;
const roles = ["master", "slave", "api"] as const;
type Role = (typeof roles)[number];

const nameOf = (cluster: string, role: string): string => `${cluster}-plain-${role}`;
export const isPlain = (cluster: string, { name }: Container): boolean =>
  name.startsWith(nameOf(cluster, ""));

export function plainContainer(settings: PlainSettings, role: Role): ContainerWish {
  const { cluster, image, rabbitUrl } = settings;
  return {
    name: nameOf(cluster, role),
    image,
    network: `${cluster}-net`,
    command: ["node", "tools/bench/plain/main.ts", role],
    environment: { RABBITMQ_URL: rabbitUrl, DBAAS_PORT: "80" },
    memoryBytes,
    pidsMax: 128,
    ...(role === "api" ? {} : { volume: "/data" }),
  };
}

export async function startPlainMode(engine: Engine, settings: PlainSettings): Promise<Subject> {
  const { cluster } = settings;
  for (const role of roles) await engine.run(plainContainer(settings, role));
  const { address } = await engine.inspect(nameOf(cluster, "api"));
  const target = { host: address, port: 80 };
  await until(
    "plain mode answers",
    readyWithinMs,
    100,
    async () => (await countRows(target, "accounts")) >= 0,
  );
  const belongs = (container: Container) =>
    isPlain(cluster, container) || container.name === `${cluster}-rabbitmq`;
  return { name: "plain", target, usage: await usageOfContainers(engine, cluster, belongs) };
}

export async function stopPlainMode(engine: Engine, cluster: string): Promise<void> {
  for (const role of roles) await engine.remove(nameOf(cluster, role));
}
