// PURE: the worker container that the manifest and the cluster's settings ask for.
import { createHash } from "node:crypto";
import type { WorkerSpec } from "../protocol/manifest.ts";
import { containerName, labels } from "./names.ts";
import type { WorkerContainer } from "./ports.ts";

export interface WorkerSettings {
  readonly cluster: string;
  readonly uid: string;
  readonly image: string;
  readonly network: string;
  /** Given to every worker as it is: where RabbitMQ and ZooKeeper are, how to log. */
  readonly environment: Readonly<Record<string, string>>;
}

const command = ["node", "--enable-source-maps", "dist/worker/main.js"] as const;
const dataDir = "/data";

/** Tells containers made from one specification from those made from another. */
const hashOf = (value: unknown): string =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 12);

export function workerContainer(settings: WorkerSettings, spec: WorkerSpec, worker: string): WorkerContainer {
  const { cluster, uid, image, network, environment } = settings;
  const { memoryBytes, pidsMax } = spec;
  const common = { ...environment, DBAAS_CLUSTER: cluster, DATA_DIR: dataDir };
  const ownership = { [labels.cluster]: cluster, [labels.uid]: uid, [labels.worker]: worker };
  return {
    name: containerName(cluster, worker),
    worker,
    image,
    network,
    command,
    dataDir,
    environment: { ...common, WORKER_NAME: worker },
    volume: { name: containerName(cluster, worker), labels: ownership },
    labels: {
      ...ownership,
      [labels.spec]: hashOf({ image, network, memoryBytes, pidsMax, common, command }),
    },
    memoryBytes,
    pidsMax,
  };
}
