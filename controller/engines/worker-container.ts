// PURE: the worker container that the manifest and the cluster's settings ask for.
import { containerLimits } from "../../core/manifest/fields.ts";
import type { WorkerSpec } from "../../core/manifest/manifest.ts";
import { containerName, labels } from "../names.ts";
import type { WorkerContainer } from "../ports.ts";
import { specLabel } from "./worker-spec.ts";

export interface WorkerSettings {
  readonly cluster: string;
  readonly uid: string;
  /** Its name: what runs from it is told by its id, where that is known. */
  readonly image: string;
  readonly network: string;
  /** Given to every worker as it is: where RabbitMQ and ZooKeeper are, how to log. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where credentials are not handed over in the environment. */
  readonly secrets?: WorkerContainer["secrets"];
}

interface WorkerOn {
  readonly worker: string;
  readonly host: string;
  /** By id; null when it is not known. */
  readonly image: string | null;
}

const command = ["node", "worker/main.ts"] as const;
const dataDir = "/data";

export function workerContainer(
  settings: WorkerSettings,
  spec: WorkerSpec,
  { worker, host, image: imageId }: WorkerOn,
): WorkerContainer {
  const { cluster, uid, network, environment, secrets = [] } = settings;
  const image = imageId ?? settings.image;
  const { memoryBytes, pidsMax } = spec;
  const common = { ...environment, DBAAS_CLUSTER: cluster, DATA_DIR: dataDir };
  const ownership = { [labels.cluster]: cluster, [labels.uid]: uid, [labels.worker]: worker };
  return {
    name: containerName(cluster, worker),
    worker,
    host,
    image,
    network,
    command,
    dataDir,
    environment: { ...common, WORKER_NAME: worker, WORKER_HOST: host },
    volume: { name: containerName(cluster, worker), labels: ownership },
    labels: {
      ...ownership,
      [labels.spec]: specLabel({
        image,
        limits: containerLimits(spec),
        settings: { network, common, command },
      }),
    },
    memoryBytes,
    pidsMax,
    secrets,
  };
}
