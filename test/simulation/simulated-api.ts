// The clients of the simulation, and the API between them and the queues: it sends what they ask, sends again what is not
// answered when there is a new master or a new connection, and gives up after a time. It writes down what it was told.
import {
  type DecodedAnswer,
  decodeAnswers,
  encodeBatch,
  queues,
  type ReadBatch,
  type WriteBatch,
} from "../../core/messages/queues.ts";
import type { Param, WriteShape } from "../../core/messages/statement.ts";
import { fromJson, type MasterNode } from "../../core/state/znodes.ts";
import { Link } from "../fakes/link.ts";
import type { MemoryConnection } from "../fakes/memory-connection.ts";
import { VirtualProcess } from "../fakes/virtual-process.ts";
import type { SeenContents } from "./contents.ts";
import type { Ask, Operation } from "./plan.ts";
import type { Surroundings } from "./simulated-worker.ts";

const answerWithinMs = 10_000;
const timesAskedMax = 6;
const reconnectMs = 100;

/** What a client was told about one thing it asked. */
export interface Told {
  readonly ask: Ask;
  readonly client: number;
  /** Of a write. */
  readonly key: string;
  readonly value: string;
  readonly id: string;
  readonly askedAtMs: number;
  outcome: "ok" | "refused" | "unknown";
  /** Of a refusal. */
  code?: string;
  position: number;
  answeredAtMs: number;
  /** Of a read: what it had to see at least, and what it saw. */
  readonly atLeast: number;
  contents?: SeenContents;
}

interface Waiting {
  readonly queue: string;
  readonly batch: ReadBatch | WriteBatch;
  readonly unanswered: Set<number>;
  readonly onAnswer: (answer: DecodedAnswer) => void;
  attempt: 1 | 2;
}

export class SimulatedApi {
  readonly told: Told[] = [];
  readonly #around: Surroundings;
  readonly #process: VirtualProcess;
  readonly #link: Link;
  readonly #waiting = new Map<string, Waiting>();
  /** The newest position each client knows of. */
  readonly #tokens: number[] = [];
  #connection: MemoryConnection | undefined;
  #batches = 0;
  #values = 0;
  #open = 0;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#process = new VirtualProcess(around.world, "api");
    this.#link = new Link(around.world, "api", 2);
    void this.#stayConnected();
    const session = around.zooKeeper.connect(
      this.#process,
      new Link(around.world, "api zookeeper", 4),
      1_000_000,
    );
    let repeatedFor = 0;
    session.watch("node", around.paths.master, () => {
      const node = around.zooKeeper.nodes.get(around.paths.master);
      if (node === undefined || node.czxid === repeatedFor) return;
      if (!fromJson<MasterNode>(node.data)?.atWork) return;
      repeatedFor = node.czxid;
      this.#repeat();
    });
  }

  /** Operations that are not over. */
  get open(): number {
    return this.#open;
  }

  begin(operation: Operation): void {
    this.#open += 1;
    void this.#carryOut(operation).finally(() => {
      this.#open -= 1;
    });
  }

  async #carryOut({ client, asks, ownKey }: Operation): Promise<void> {
    const [first] = asks;
    if (first?.kind === "read") return this.#read(first, client, this.#tokens[client] ?? 0);
    if (first?.kind === "strongRead") {
      const [barrier] = await this.#write(client, [first], true);
      if (barrier?.outcome === "ok") await this.#read(first, client, barrier.position);
      return;
    }
    await this.#write(client, asks, ownKey);
  }

  async #write(client: number, asks: readonly Ask[], ownKey: boolean): Promise<readonly Told[]> {
    const first = this.#batches + 1;
    const all = asks.map((ask, i): Told => {
      this.#values += 1;
      const value = `v${this.#values}`;
      return {
        ask,
        client,
        key: ownKey && ask.kind !== "strongRead" ? `c:${value}` : `api-${first}#${i}`,
        value,
        id: "id" in ask ? ask.id : `r${this.#values}`,
        askedAtMs: this.#process.now(),
        outcome: "unknown",
        position: 0,
        answeredAtMs: 0,
        atLeast: 0,
      };
    });
    this.told.push(...all);
    let asked = 0;
    let open: readonly Told[] = all;
    while (open.length > 0 && asked < (ownKey ? timesAskedMax : 1)) {
      asked += 1;
      const deadlineMs = this.#process.now() + answerWithinMs;
      await this.#ask(queues.write, writeBatch(open, deadlineMs), (answer) => {
        const one = open[answer.index];
        if (one === undefined) return;
        const { code } = JSON.parse(answer.body.toString()) as { readonly code?: string };
        if (code !== undefined) one.code = code;
        // As a 503: its client sends it again, under its key if it has one.
        if (code === "unavailable") return;
        one.outcome = answer.ok ? "ok" : "refused";
        one.position = answer.position;
        one.answeredAtMs = this.#process.now();
        if (answer.ok) this.#tokens[client] = Math.max(this.#tokens[client] ?? 0, answer.position);
      });
      open = open.filter(({ outcome }) => outcome === "unknown");
    }
    return all;
  }

  async #read(ask: Ask, client: number, atLeast: number): Promise<void> {
    const one: Told = {
      ask,
      client,
      key: "",
      value: "",
      id: "",
      askedAtMs: this.#process.now(),
      outcome: "unknown",
      position: 0,
      answeredAtMs: 0,
      atLeast,
    };
    this.told.push(one);
    const batch: ReadBatch = {
      v: 1,
      deadlineMs: this.#process.now() + answerWithinMs,
      attempt: 1,
      shapes: [{ kind: "select", table: "things", columns: "*" }],
      items: [{ index: 0, shape: 0, params: [], minPosition: atLeast }],
    };
    await this.#ask(queues.read, batch, (answer) => {
      if (!answer.ok) return;
      one.outcome = "ok";
      one.position = answer.position;
      one.answeredAtMs = this.#process.now();
      one.contents = JSON.parse(answer.body.toString()) as SeenContents;
      this.#tokens[client] = Math.max(this.#tokens[client] ?? 0, answer.position);
    });
  }

  /** Resolves when every item is answered, or when the time is over. */
  async #ask(
    queue: string,
    batch: ReadBatch | WriteBatch,
    onAnswer: (answer: DecodedAnswer) => void,
  ): Promise<void> {
    this.#batches += 1;
    const id = `api-${this.#batches}`;
    const done = new AbortController();
    const waiting: Waiting = {
      queue,
      batch,
      attempt: 1,
      unanswered: new Set(batch.items.map(({ index }) => index)),
      onAnswer: (answer) => {
        if (!waiting.unanswered.delete(answer.index)) return;
        onAnswer(answer);
        if (waiting.unanswered.size === 0) done.abort("answered");
      },
    };
    this.#waiting.set(id, waiting);
    this.#publish(id, waiting);
    await this.#process.sleep(answerWithinMs, done.signal);
    this.#waiting.delete(id);
  }

  #publish(id: string, { queue, batch, unanswered, attempt }: Waiting): void {
    const items = batch.items.filter(({ index }) => unanswered.has(index));
    const groups = attempt === 1 ? [items] : items.map((item) => [item]);
    for (const group of groups) {
      const sentAtMs = this.#process.now();
      const content = encodeBatch({ ...batch, sentAtMs, attempt, items: group } as ReadBatch | WriteBatch);
      this.#connection
        ?.publish(queue, content, { correlationId: id, replyTo: queues.response, persistent: true })
        .catch(() => undefined);
    }
  }

  #repeat(): void {
    for (const [id, waiting] of this.#waiting) {
      waiting.attempt = 2;
      this.#publish(id, waiting);
    }
  }

  async #stayConnected(): Promise<void> {
    for (;;) {
      const connection = this.#around.broker.connect(this.#process, this.#link);
      try {
        await connection.consume(queues.response, { prefetch: 0, noAck: true }, (delivery) => {
          for (const answer of decodeAnswers(delivery.content).answers)
            this.#waiting.get(delivery.correlationId)?.onAnswer(answer);
        });
        this.#connection = connection;
        for (const [id, waiting] of this.#waiting) this.#publish(id, waiting);
        await new Promise<void>((resolve) => {
          connection.ended.addEventListener("abort", () => resolve(), { once: true });
        });
      } catch {
        // The broker went away in this very moment: again.
      }
      await this.#process.sleep(reconnectMs);
    }
  }
}

function shapeOf({ ask, value, id }: Told): { shape: WriteShape; row: readonly Param[] } {
  const insert = { kind: "insert", table: "things", columns: ["id", "value"] } as const;
  switch (ask.kind) {
    case "add":
    case "claim":
      return { shape: insert, row: [id, value] };
    case "set":
      return { shape: { ...insert, onConflict: "update" }, row: [id, value] };
    case "free":
      return {
        shape: { kind: "delete", table: "things", where: { op: "=", column: "id", param: 0 } },
        row: [id],
      };
    case "clear":
      return { shape: { kind: "clear" }, row: [] };
    default:
      return { shape: { kind: "barrier" }, row: [] };
  }
}

function writeBatch(asked: readonly Told[], deadlineMs: number): WriteBatch {
  const made = asked.map(shapeOf);
  return {
    v: 1,
    deadlineMs,
    attempt: 1,
    shapes: made.map(({ shape }) => shape),
    items: asked.map(({ key, value }, index) => ({
      index,
      shape: index,
      rows: [made[index]?.row ?? []],
      key,
      ...(key.startsWith("c:") ? { hash: `hash of ${value}` } : {}),
    })),
  };
}
