// The few things the bench asks of the Docker engine, over its socket: which containers there are and under which pids,
// and containers of its own for plain mode.
import Docker from "dockerode";
import { outputIn } from "../../../controller/engines/docker/docker-formats.ts";

export interface Container {
  readonly id: string;
  readonly name: string;
  /** On the host. */
  readonly pid: number;
  readonly address: string;
}

export interface ContainerWish {
  readonly name: string;
  readonly image: string;
  readonly network: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryBytes: number;
  readonly pidsMax: number;
  /** A folder on a volume of the container's own, gone with it. */
  readonly volume?: string;
}

/** Marks what the bench made, so that taking the cluster down finds it. */
const benchLabel = "dbaas-bench";

const answerWithinMs = 60_000;
const endsWithinMs = 10 * answerWithinMs;

function unlessNotThere(error: unknown): void {
  const notThere = error instanceof Error && "statusCode" in error && error.statusCode === 404;
  if (!notThere) throw error;
}

export class Engine {
  readonly #docker: Docker;
  /** Waits for containers to end, which takes longer than other answers. */
  readonly #patient: Docker;

  constructor(socketPath: string) {
    this.#docker = new Docker({ socketPath, timeout: answerWithinMs });
    this.#patient = new Docker({ socketPath, timeout: endsWithinMs });
  }

  /** The running containers whose names begin so. */
  async running(prefix: string): Promise<readonly Container[]> {
    const listed = await this.#docker.listContainers({ filters: { name: [`^/${prefix}`] } });
    return Promise.all(listed.map(({ Id }) => this.inspect(Id)));
  }

  async inspect(idOrName: string): Promise<Container> {
    const found = await this.#docker.getContainer(idOrName).inspect();
    const [network] = Object.values(found.NetworkSettings.Networks);
    return {
      id: found.Id,
      name: found.Name.slice(1),
      pid: found.State.Pid,
      address: network?.IPAddress ?? "",
    };
  }

  async run(wish: ContainerWish): Promise<Container> {
    const { name, image, network, command, environment, memoryBytes, pidsMax, volume } = wish;
    await this.remove(name);
    const container = await this.#docker.createContainer({
      name,
      Image: image,
      Cmd: [...command],
      Env: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
      Labels: { [benchLabel]: "" },
      ...(volume === undefined ? {} : { Volumes: { [volume]: {} } }),
      HostConfig: {
        NetworkMode: network,
        Memory: memoryBytes,
        PidsLimit: pidsMax,
        Sysctls: { "net.ipv4.ip_unprivileged_port_start": "0" },
      },
    });
    await container.start();
    return this.inspect(name);
  }

  async kill(idOrName: string): Promise<void> {
    await this.#docker.getContainer(idOrName).kill();
  }

  /** With its own volumes; one that is not there is as good as removed. */
  async remove(idOrName: string): Promise<void> {
    await this.#docker.getContainer(idOrName).remove({ force: true, v: true }).catch(unlessNotThere);
  }

  async removeVolume(name: string): Promise<void> {
    await this.#docker.getVolume(name).remove().catch(unlessNotThere);
  }

  /** Runs a container to its end. @returns what it wrote */
  async runToEnd(wish: ContainerWish): Promise<string> {
    const { id } = await this.run(wish);
    try {
      await this.#patient.getContainer(id).wait();
      return outputIn(await this.#docker.getContainer(id).logs({ stdout: true, stderr: true }));
    } finally {
      await this.remove(id);
    }
  }
}
