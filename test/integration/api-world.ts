// The API as a process of its own between a real broker and a real ZooKeeper, with workers that only echo. Everything it
// makes is its own, but the queues are not: their names are fixed, so tests of this kind run one after another.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { TransientError } from "../../core/errors.ts";
import {
  type Answer,
  decodeReadBatch,
  decodeWriteBatch,
  encodeAnswers,
  queues,
  type ReadBatch,
  type WriteBatch,
} from "../../core/messages/queues.ts";
import { type Paths, pathsOf, persistentParents } from "../../core/state/znodes.ts";
import { sleep } from "../../platform/process/waiting.ts";
import type { Delivery } from "../../platform/rabbitmq/port.ts";
import { Rabbit } from "../../platform/rabbitmq/rabbit.ts";
import { createLog } from "../../platform/telemetry/log.ts";
import { ZooKeeperSession } from "../../platform/zookeeper/zookeeper.ts";
import { Wire } from "./wire.ts";

const log = createLog({ program: "test", format: "text", level: "warn" });
const main = fileURLToPath(new URL("../../api/main.ts", import.meta.url));

function address(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "")
    throw new Error(
      `${name} is not set: integration tests need a broker and ZooKeeper, ./dbaas test starts them`,
    );
  return value;
}

/** Polls, for what no event tells. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!(await isSeen(holds))) {
    if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
}

/** What cannot be seen for a moment does not hold yet; whatever else goes wrong while looking ends the wait. */
async function isSeen(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  try {
    return await holds();
  } catch (error) {
    if (error instanceof TransientError) return false;
    throw error;
  }
}

export class ApiWorld {
  readonly paths: Paths;
  readonly rabbit: Rabbit;
  readonly zookeeper: ZooKeeperSession;
  /** To the broker and to ZooKeeper. */
  readonly wire: Wire;
  readonly zooKeeperWire: Wire;
  readonly #cluster: string;
  #process: ChildProcess | undefined;
  origin = "";

  private constructor(
    cluster: string,
    rabbit: Rabbit,
    zookeeper: ZooKeeperSession,
    wire: Wire,
    zooKeeperWire: Wire,
  ) {
    this.#cluster = cluster;
    this.paths = pathsOf(cluster);
    this.rabbit = rabbit;
    this.zookeeper = zookeeper;
    this.wire = wire;
    this.zooKeeperWire = zooKeeperWire;
  }

  static async open(): Promise<ApiWorld> {
    const url = new URL(address("TEST_RABBITMQ_URL"));
    const rabbit = await Rabbit.open(url.toString(), "api-test");
    await rabbit.declareQueues();
    const wire = await Wire.to(url.hostname, Number(url.port || 5672));
    const servers = address("TEST_ZOOKEEPER");
    const [host = "", port = "2181"] = servers.split(":");
    const zooKeeperWire = await Wire.to(host, Number(port));
    const zookeeper = await ZooKeeperSession.open({ servers, sessionTimeoutMs: 60_000, log });
    const world = new ApiWorld(
      `api-${randomBytes(4).toString("hex")}`,
      rabbit,
      zookeeper,
      wire,
      zooKeeperWire,
    );
    for (const path of persistentParents(world.paths)) await zookeeper.ensure(path);
    return world;
  }

  async close(): Promise<void> {
    await this.stopApi();
    this.wire.close();
    this.zooKeeperWire.close();
    for (const node of await this.#nodesBelow(this.paths.root)) await this.zookeeper.remove(node);
    this.zookeeper.close();
    await this.rabbit.close();
  }

  async startApi(): Promise<void> {
    const port = await freePort();
    const url = new URL(address("TEST_RABBITMQ_URL"));
    url.hostname = "127.0.0.1";
    url.port = String(this.wire.port);
    this.#process = spawn(process.execPath, [main], {
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        RABBITMQ_URL: url.toString(),
        ZOOKEEPER: `127.0.0.1:${this.zooKeeperWire.port}`,
        DBAAS_CLUSTER: this.#cluster,
        LISTEN_PORT: String(port),
        LOG_LEVEL: "fatal",
      },
    });
    this.origin = `http://127.0.0.1:${port}`;
    await until("the API answers", () =>
      this.get("/healthz").then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
  }

  /** @returns the exit code */
  async stopApi(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
    const exited = once(child, "exit");
    child.kill(signal);
    const [code] = (await exited) as [number | null];
    return code;
  }

  ready = (): Promise<void> =>
    until("the API is ready", async () => (await this.get("/readyz")).status === 200);

  /** A master in ZooKeeper's eyes. Each call makes another one. */
  async electMaster(name: string): Promise<void> {
    await this.zookeeper.remove(this.paths.master);
    const node = { name, container: name, guid: name, pid: 1, atWork: true };
    await this.zookeeper.create(this.paths.master, JSON.stringify(node), { ephemeral: true });
  }

  limitRequestsTo = (timeoutMs: number): Promise<void> =>
    this.zookeeper.put(this.paths.spec, JSON.stringify({ generation: 1, spec: { requests: { timeoutMs } } }));

  /** Waits until no request is left in the queues, and each has so many consumers. */
  untilQueuesAreEmpty = (consumersEach: number): Promise<void> =>
    until(`the queues are empty and have ${consumersEach} consumers`, async () => {
      const depths = await Promise.all([queues.read, queues.write].map((queue) => this.rabbit.depth(queue)));
      return depths.every(({ messages, consumers }) => messages === 0 && consumers === consumersEach);
    });

  get = (path: string): Promise<Response> => fetch(`${this.origin}${path}`);

  post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${this.origin}${path}`, { method: "POST", body: JSON.stringify(body), headers });

  async #nodesBelow(path: string): Promise<string[]> {
    const names = await this.zookeeper.children(path);
    const below = await Promise.all(names.map((name) => this.#nodesBelow(`${path}/${name}`)));
    return [...below.flat(), path];
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

type BatchOf<Q> = Q extends "read" ? ReadBatch : WriteBatch;

/** Consumes one queue and answers as it is told to. */
export class EchoWorker<Q extends "read" | "write"> {
  readonly name: string;
  readonly batches: BatchOf<Q>[] = [];
  readonly #rabbit: Rabbit;
  readonly #kind: Q;
  readonly #answer: (batch: BatchOf<Q>) => readonly Answer[] | undefined;
  #leave: () => Promise<void> = async () => undefined;

  private constructor(
    name: string,
    rabbit: Rabbit,
    kind: Q,
    answer: (batch: BatchOf<Q>) => readonly Answer[] | undefined,
  ) {
    this.name = name;
    this.#rabbit = rabbit;
    this.#kind = kind;
    this.#answer = answer;
  }

  /** @param answer undefined leaves the message where it is: held, neither answered nor acked */
  static async start<Q extends "read" | "write">(
    name: string,
    rabbit: Rabbit,
    kind: Q,
    answer: (batch: BatchOf<Q>) => readonly Answer[] | undefined,
  ): Promise<EchoWorker<Q>> {
    const worker = new EchoWorker(name, rabbit, kind, answer);
    const consumer = await rabbit.consume(queues[kind], { prefetch: 16 }, (delivery) =>
      worker.#take(delivery),
    );
    worker.#leave = () => consumer.close();
    return worker;
  }

  /** What it holds goes back to the queue, as when it dies. */
  die = (): Promise<void> => this.#leave();

  #take(delivery: Delivery): void {
    const { content, replyTo, correlationId } = delivery;
    const decode = this.#kind === "read" ? decodeReadBatch : decodeWriteBatch;
    const batch = decode(content) as BatchOf<Q>;
    this.batches.push(batch);
    const answers = this.#answer(batch);
    if (answers === undefined) return;
    this.#rabbit.send(replyTo, encodeAnswers(this.name, answers), { correlationId });
    delivery.ack();
  }
}

/** Answers each read with its own parameters. */
export const echo = (batch: ReadBatch): readonly Answer[] =>
  batch.items.map(({ index, params }) => ({
    index,
    ok: true,
    body: JSON.stringify([{ params }]),
    position: 5,
  }));

/** Answers each write with its key, and each next one with the next position. */
export function applied(): (batch: WriteBatch) => readonly Answer[] {
  let position = 0;
  return (batch) =>
    batch.items.map(({ index, key }) => {
      position += 1;
      return { index, ok: true, body: JSON.stringify({ rowsAffected: 1, position, key }), position };
    });
}
