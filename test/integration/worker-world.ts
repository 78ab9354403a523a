// A cluster without a controller: worker programs as processes of their own, told their pids by the test, and a client
// that speaks to the queues as the API does.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ManifestSpec } from "../../core/manifest/manifest.ts";
import {
  type DecodedAnswer,
  decodeAnswers,
  encodeBatch,
  queues,
  type ReadItem,
  type WriteItem,
} from "../../core/messages/queues.ts";
import type { ReadShape, ReadStatement, WriteShape, WriteStatement } from "../../core/messages/statement.ts";
import {
  fromJson,
  type MasterNode,
  type Paths,
  pathsOf,
  persistentParents,
  toJson,
  type WorkerNode,
} from "../../core/state/znodes.ts";
import { within } from "../../platform/process/waiting.ts";
import type { BrokerConnection } from "../../platform/rabbitmq/port.ts";
import { createLog } from "../../platform/telemetry/log.ts";
import { ZooKeeperSession } from "../../platform/zookeeper/zookeeper.ts";
import { openSqlite } from "../../worker/sqlite.ts";
import { inspect } from "./inspect.ts";
import * as services from "./services.ts";
import { smallSpec } from "./small-spec.ts";
import { found, notYet, until } from "./until.ts";

const workerProgram = fileURLToPath(new URL("../../worker/main.ts", import.meta.url));
const answerWithinMs = 60_000;

export interface WorkerProcess {
  readonly name: string;
  readonly directory: string;
  readonly child: ChildProcess;
  /** What it has logged so far. */
  readonly output: () => string;
}

export type Written = DecodedAnswer & { readonly json: Record<string, unknown> };

export class WorkerWorld {
  readonly paths: Paths;
  readonly session: ZooKeeperSession;
  readonly rabbit: BrokerConnection;
  readonly cluster: string;
  readonly #root: string;
  readonly #workers = new Map<string, WorkerProcess>();
  readonly #waiting = new Map<string, (answers: readonly DecodedAnswer[], worker: string) => void>();
  readonly #id = services.uniqueCluster();
  #replyTo = "";
  #batches = 0;
  #spec = smallSpec;

  private constructor(cluster: string, session: ZooKeeperSession, rabbit: BrokerConnection, root: string) {
    this.cluster = cluster;
    this.paths = pathsOf(cluster);
    this.session = session;
    this.rabbit = rabbit;
    this.#root = root;
  }

  static async open(spec: Partial<ManifestSpec> = {}): Promise<WorkerWorld> {
    await services.deleteQueues();
    const cluster = services.uniqueCluster();
    const log = createLog({ program: "test", format: "text", level: "warn" });
    const session = await ZooKeeperSession.open({
      servers: services.zooKeeperServers(),
      sessionTimeoutMs: 60_000,
      log,
    });
    const rabbit = await services.openRabbit();
    await rabbit.declareQueues();
    const root = await mkdtemp(join(tmpdir(), "worker-world-"));
    const world = new WorkerWorld(cluster, session, rabbit, root);
    world.#replyTo = await services.answerQueueAt(rabbit);
    for (const path of persistentParents(world.paths)) await session.ensure(path);
    await world.publishSpec(spec);
    await rabbit.consume(world.#replyTo, { prefetch: 100, noAck: true }, ({ content, correlationId }) => {
      const { worker, answers } = decodeAnswers(content);
      world.#waiting.get(correlationId)?.(answers, worker);
    });
    return world;
  }

  async publishSpec(change: Partial<ManifestSpec>): Promise<void> {
    this.#spec = { ...this.#spec, ...change };
    await this.session.put(this.paths.spec, toJson({ generation: 1, spec: this.#spec }));
  }

  directoryOf(name: string): string {
    return join(this.#root, name);
  }

  /** Starts a worker program; its container's pid is what the test says. */
  async start(
    name: string,
    pid: number,
    through: {
      readonly rabbitUrl?: string;
      readonly zooKeeper?: string;
      readonly environment?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<WorkerProcess> {
    await this.session.put(this.paths.pid(name), toJson({ pid, container: hostname() }));
    const directory = this.directoryOf(name);
    const child = spawn(process.execPath, [workerProgram], {
      env: {
        PATH: process.env.PATH,
        WORKER_NAME: name,
        DATA_DIR: directory,
        RABBITMQ_URL: through.rabbitUrl ?? services.rabbitUrl(),
        ZOOKEEPER: through.zooKeeper ?? services.zooKeeperServers(),
        DBAAS_CLUSTER: this.cluster,
        METRICS_PORT: "0",
        ...through.environment,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const keep = (chunk: Buffer) => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const worker: WorkerProcess = { name, directory, child, output: () => output };
    this.#workers.set(name, worker);
    return worker;
  }

  /** As the kernel does it, and then as the controller does when it has seen the container dead. */
  async kill(name: string): Promise<void> {
    await this.#end(name, "SIGKILL");
    await this.#forget(name);
  }

  /** Killed, and nobody notices before ZooKeeper does. */
  killUnnoticed(name: string): Promise<void> {
    return this.#end(name, "SIGKILL");
  }

  stop(name: string): Promise<void> {
    return this.#end(name, "SIGTERM");
  }

  /** Resolves with the exit code once the worker has ended by itself. */
  async exit(name: string, withinMs = 60_000): Promise<number | null> {
    const worker = this.#workers.get(name);
    if (worker === undefined) throw new Error(`${name} does not run`);
    const { child } = worker;
    if (child.exitCode === null && child.signalCode === null)
      await within(once(child, "exit"), withinMs, `end of ${name}`);
    return child.exitCode;
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#workers.get(name)?.child.kill(signal);
  }

  async #end(name: string, signal: NodeJS.Signals): Promise<void> {
    const worker = this.#workers.get(name);
    if (worker === undefined) return;
    this.#workers.delete(name);
    if (worker.child.exitCode !== null || worker.child.signalCode !== null) return;
    const ended = once(worker.child, "exit");
    worker.child.kill(signal);
    await within(ended, 60_000, `end ${name}`);
  }

  async #forget(name: string): Promise<void> {
    if ((await this.master())?.name === name) await this.session.remove(this.paths.master);
    await this.session.remove(this.paths.worker(name));
  }

  async master(): Promise<(MasterNode & { readonly epoch: number }) | null> {
    const content = await this.session.get(this.paths.master);
    const node = content === null ? null : fromJson<MasterNode>(content.data);
    return content === null || node === null ? null : { ...node, epoch: content.stat.czxid };
  }

  async workers(): Promise<readonly WorkerNode[]> {
    const names = await this.session.children(this.paths.workers);
    const contents = await Promise.all(names.map((name) => this.session.get(this.paths.worker(name))));
    return contents.flatMap((content) => {
      const node = content === null ? null : fromJson<WorkerNode>(content.data);
      return node === null ? [] : [node];
    });
  }

  /** Waits until the named workers are what they should be, by their own word. */
  async untilStates(wanted: Readonly<Record<string, WorkerNode["state"]>>, withinMs = 60_000): Promise<void> {
    await until(`states ${JSON.stringify(wanted)}`, withinMs, async () => {
      const seen = Object.fromEntries((await this.workers()).map(({ name, state }) => [name, state]));
      return Object.entries(wanted).every(([name, state]) => seen[name] === state)
        ? found(true)
        : notYet({ seen, output: [...this.#workers.values()].map((worker) => worker.output().slice(-2000)) });
    });
  }

  /** Publishes a batch as the API does. @returns its answers by item, and who gave them */
  async batch(
    kind: "read" | "write",
    shapes: readonly (ReadShape | WriteShape)[],
    items: readonly (ReadItem | WriteItem)[],
    options: { readonly id?: string; readonly deadlineMs?: number; readonly attempt?: 1 | 2 } = {},
  ): Promise<{ readonly answers: readonly Written[]; readonly worker: string }> {
    this.#batches += 1;
    const id = options.id ?? `${this.#id}-${this.#batches}`;
    const answers = new Map<number, DecodedAnswer>();
    const all = new Promise<string>((resolve) => {
      this.#waiting.set(id, (some, worker) => {
        for (const answer of some) answers.set(answer.index, answer);
        if (answers.size === items.length) resolve(worker);
      });
    });
    const deadlineMs = options.deadlineMs ?? Date.now() + answerWithinMs;
    const batch = { v: 1, deadlineMs, attempt: options.attempt ?? 1, shapes, items } as unknown as Parameters<
      typeof encodeBatch
    >[0];
    await this.rabbit.publish(kind === "read" ? queues.read : queues.write, encodeBatch(batch), {
      correlationId: id,
      replyTo: this.#replyTo,
    });
    const worker = await within(all, answerWithinMs, `answers to ${id}`);
    this.#waiting.delete(id);
    return {
      worker,
      answers: items.map(({ index }) => {
        const answer = answers.get(index) as DecodedAnswer;
        return { ...answer, json: JSON.parse(answer.body.toString("utf8")) };
      }),
    };
  }

  async write(
    { shape, rows }: WriteStatement,
    identity: { readonly key?: string; readonly hash?: string } = {},
  ): Promise<Written> {
    const key = identity.key ?? `${this.#id}-${this.#batches + 1}#0`;
    const item = { index: 0, shape: 0, rows, key, ...(identity.hash ? { hash: identity.hash } : {}) };
    const { answers } = await this.batch("write", [shape], [item]);
    return answers[0] as Written;
  }

  async read(
    { shape, params }: ReadStatement,
    minPosition?: number,
  ): Promise<Written & { readonly worker: string }> {
    const item = { index: 0, shape: 0, params, ...(minPosition === undefined ? {} : { minPosition }) };
    const { answers, worker } = await this.batch("read", [shape], [item]);
    return { ...(answers[0] as Written), worker };
  }

  /** Changes the file of a worker that does not run. */
  async tamper(name: string, sql: string): Promise<void> {
    const connection = await openSqlite(join(this.directoryOf(name), "data.db"), "write");
    await connection.exec(sql);
    await connection.close();
  }

  inspect = (name: string): Promise<string> => inspect(this.directoryOf(name));

  /** Waits until the copies of all the named workers are equal, and says what they hold. */
  untilEqual(names: readonly string[], withinMs = 60_000): Promise<string> {
    return until(`${names.join(", ")} hold the same`, withinMs, async () => {
      const held = await Promise.all(names.map((name) => this.inspect(name)));
      const [first] = held;
      return first !== undefined && first !== "" && held.every((one) => one === first)
        ? found(first)
        : notYet(held);
    });
  }

  async close(): Promise<void> {
    for (const name of [...this.#workers.keys()]) await this.#end(name, "SIGKILL");
    await this.rabbit.close();
    this.session.close();
    await services.deleteQueues();
    await rm(this.#root, { recursive: true, force: true });
  }
}
