// What an engine has of a cluster: containers by its label, and the volumes that bear its workers' names.
import { containerName, labels } from "../../names.ts";
import type { Labelled } from "../ownership.ts";
import type { ContainerListed, DockerApi } from "./docker-api.ts";

export const containersOf = (api: DockerApi, cluster: string): Promise<readonly ContainerListed[]> =>
  api.call("list containers", (docker) =>
    docker.listContainers({ all: true, filters: { label: [`${labels.cluster}=${cluster}`] } }),
  );

/** By name, so that also those are seen that bear a worker's name without our labels. */
export async function volumesOf(api: DockerApi, cluster: string): Promise<readonly Labelled[]> {
  const filters = JSON.stringify({ name: [containerName(cluster, "w-")] });
  const { Volumes } = await api.call("list volumes", (docker) => docker.listVolumes({ filters }));
  return (Volumes ?? []).map(({ Name, Labels }) => ({ name: Name, labels: Labels ?? {} }));
}
