// The whole data path with traces on: the API's program and two workers' programs between a real broker and a real
// ZooKeeper, and a collector to which all of them send.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { type CollectedSpan, Collector } from "../support/collector.ts";
import { freePort } from "./api-world.ts";
import { rabbitUrl, zooKeeperServers } from "./services.ts";
import { found, notYet, until } from "./until.ts";
import { WorkerWorld } from "./worker-world.ts";

const apiProgram = fileURLToPath(new URL("../../api/main.ts", import.meta.url));
const withinMs = 60_000;

export class TracedWorld {
  readonly collector: Collector;
  readonly workers: WorkerWorld;
  readonly #api: ChildProcess;
  readonly #port: number;

  private constructor(collector: Collector, workers: WorkerWorld, api: ChildProcess, port: number) {
    this.collector = collector;
    this.workers = workers;
    this.#api = api;
    this.#port = port;
  }

  static async open(): Promise<TracedWorld> {
    const collector = await Collector.start();
    const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
    const workers = await WorkerWorld.open();
    await workers.start("w-1", 100, { environment });
    await workers.untilStates({ "w-1": "master" });
    await workers.start("w-2", 200, { environment });
    const port = await freePort();
    const api = spawn(process.execPath, [apiProgram], {
      stdio: ["ignore", "ignore", "inherit"],
      env: {
        RABBITMQ_URL: rabbitUrl(),
        ZOOKEEPER: zooKeeperServers(),
        DBAAS_CLUSTER: workers.cluster,
        // The first one's answer queue is the test's.
        API_ID: "api-1",
        LISTEN_PORT: String(port),
        LOG_LEVEL: "fatal",
        ...environment,
      },
    });
    const world = new TracedWorld(collector, workers, api, port);
    await workers.untilStates({ "w-1": "master", "w-2": "slave" });
    await until("the API is ready", withinMs, async () => {
      const status = await world.#get("/readyz");
      return status === 200 ? found(true) : notYet(status);
    });
    return world;
  }

  async close(): Promise<void> {
    const ended = once(this.#api, "exit");
    this.#api.kill("SIGTERM");
    await ended;
    await this.workers.close();
    await this.collector.stop().catch(() => undefined);
  }

  /** @returns the status */
  async post(path: string, body: unknown, traceparent?: string): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.#port}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: traceparent === undefined ? {} : { traceparent },
    });
    await response.arrayBuffer();
    return response.status;
  }

  /** All in one packet, so that the API finds all of them in one turn. Resolves once each is answered with 200. */
  async postTogether(
    path: string,
    requests: readonly { body: unknown; traceparent: string }[],
  ): Promise<void> {
    const socket = connect(this.#port, "127.0.0.1").setNoDelay(true);
    await once(socket, "connect");
    socket.write(
      requests
        .map(({ body, traceparent }) => {
          const text = JSON.stringify(body);
          const head = `POST ${path} HTTP/1.1\r\nHost: api\r\ntraceparent: ${traceparent}\r\n`;
          return `${head}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
        })
        .join(""),
    );
    let answers = "";
    socket.on("data", (chunk: Buffer) => {
      answers += chunk.toString("latin1");
    });
    await until(`${requests.length} answers`, withinMs, async () =>
      answers.split("HTTP/1.1 200").length - 1 === requests.length ? found(true) : notYet(answers),
    );
    socket.destroy();
  }

  /** The spans of one trace, once all these are there; in the order asked for. */
  collected(traceId: string, names: readonly string[]): Promise<readonly CollectedSpan[]> {
    return until(`spans ${names.join(", ")} of ${traceId}`, withinMs, async () => {
      const spans = names.map((name) => this.collector.named(traceId, name)[0]);
      return spans.every((span) => span !== undefined)
        ? found(spans)
        : notYet(this.collector.spans.filter((span) => span.traceId === traceId).map(({ name }) => name));
    });
  }

  async #get(path: string): Promise<number> {
    return fetch(`http://127.0.0.1:${this.#port}${path}`).then(
      ({ status }) => status,
      () => 0,
    );
  }
}

export interface ClientTrace {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceparent: string;
}

/** As a client begins one. */
export function clientTrace(recorded = true): ClientTrace {
  const [traceId, spanId] = [randomBytes(16).toString("hex"), randomBytes(8).toString("hex")];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${recorded ? "01" : "00"}` };
}
