// The few things the bench asks of the Docker engine, over its socket: which containers there are and under which pids,
// and containers of its own for plain mode.
import { request } from "node:http";

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

/** Marks what the bench made, so that whoever takes the cluster down can find it. */
const benchLabel = "dbaas-bench";

const answerWithinMs = 60_000;

interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly State: { readonly Pid: number };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

export class Engine {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** The running containers whose names begin so. */
  async running(prefix: string): Promise<readonly Container[]> {
    const filters = encodeURIComponent(JSON.stringify({ name: [`^/${prefix}`] }));
    const listed = (await this.#call("GET", `/containers/json?filters=${filters}`)) as { Id: string }[];
    return Promise.all(listed.map(({ Id }) => this.inspect(Id)));
  }

  async inspect(idOrName: string): Promise<Container> {
    const found = (await this.#call("GET", `/containers/${idOrName}/json`)) as Inspected;
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
    await this.#call("POST", `/containers/create?name=${name}`, {
      Image: image,
      Cmd: command,
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
    await this.#call("POST", `/containers/${name}/start`);
    return this.inspect(name);
  }

  async kill(idOrName: string): Promise<void> {
    await this.#call("POST", `/containers/${idOrName}/kill`);
  }

  /** With its own volumes; one that is not there is as good as removed. */
  async remove(idOrName: string): Promise<void> {
    await this.#call("DELETE", `/containers/${idOrName}?force=true&v=true`, undefined, [404]);
  }

  async removeVolume(name: string): Promise<void> {
    await this.#call("DELETE", `/volumes/${name}`, undefined, [404]);
  }

  /** Runs a container to its end. @returns what it wrote */
  async runToEnd(wish: ContainerWish): Promise<string> {
    const { id } = await this.run(wish);
    try {
      await this.#call("POST", `/containers/${id}/wait`, undefined, [], 10 * answerWithinMs);
      return await this.#output(id);
    } finally {
      await this.remove(id);
    }
  }

  /** The engine frames each piece of output with eight bytes that say its stream and length. */
  async #output(id: string): Promise<string> {
    const framed = await this.#bytes("GET", `/containers/${id}/logs?stdout=true&stderr=true`);
    let text = "";
    for (let at = 0; at + 8 <= framed.length; ) {
      const length = framed.readUInt32BE(at + 4);
      text += framed.toString("utf8", at + 8, at + 8 + length);
      at += 8 + length;
    }
    return text;
  }

  async #call(
    method: string,
    path: string,
    body?: unknown,
    tolerated: readonly number[] = [],
    withinMs = answerWithinMs,
  ): Promise<unknown> {
    const content = await this.#bytes(method, path, body, tolerated, withinMs);
    return content.length === 0 ? null : JSON.parse(content.toString("utf8"));
  }

  #bytes(
    method: string,
    path: string,
    body?: unknown,
    tolerated: readonly number[] = [],
    withinMs = answerWithinMs,
  ): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "Content-Type": "application/json" };
      const asked = request({ socketPath: this.#socketPath, method, path, headers }, (answer) => {
        const pieces: Buffer[] = [];
        answer.on("data", (piece: Buffer) => pieces.push(piece));
        answer.on("error", reject);
        answer.on("end", () => {
          const content = Buffer.concat(pieces);
          const status = answer.statusCode ?? 0;
          if (status < 400 || tolerated.includes(status)) resolve(status < 400 ? content : Buffer.alloc(0));
          else reject(new Error(`Docker ${method} ${path}: ${status} ${content.toString("utf8")}`));
        });
      });
      asked.setTimeout(withinMs, () =>
        asked.destroy(new Error(`Docker ${method} ${path}: no answer in time`)),
      );
      asked.on("error", reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
