import assert from "node:assert/strict";
import { describe, it, mock, type TestContext } from "node:test";
import { ClusterMemory, type Connect } from "../../../../platform/rabbitmq/cluster-memory.ts";
import type { Memory } from "../../../../platform/rabbitmq/memory.ts";

/** A broker whose queues have an id, or whose host is away: then a question has no answer at all. */
class FakeBroker {
  isAway = false;
  id = "";
  renewals = 0;
  /** The offset of the last record that is read there. */
  end = 0;
  connections = 0;
  queues: readonly string[] = ["responseQ.api-1"];
  readonly asked: string[] = [];
  readonly #open = new Set<AbortController>();

  constructor(id: string) {
    this.id = id;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  readonly connect: Connect = async () => {
    if (this.isAway) return new Promise<never>(() => undefined);
    this.connections += 1;
    const ended = new AbortController();
    this.#open.add(ended);
    ended.signal.addEventListener("abort", () => this.#open.delete(ended));
    return {
      ended: ended.signal,
      memoryIn: (queue) => this.#memory(queue),
      isKnownEverywhere: async (queue) => this.queues.includes(queue),
      close: async () => ended.abort("closed"),
    };
  };

  restart(id: string): void {
    this.id = id;
    for (const ended of this.#open) ended.abort("restarted");
  }

  #memory(queue: string): Memory {
    this.asked.push(queue);
    return {
      id: () => (this.isAway ? new Promise<never>(() => undefined) : Promise.resolve(this.id)),
      renew: async (before) => {
        if (before !== this.id) return;
        this.renewals += 1;
        this.id = `${before}-renewed`;
      },
      logReaches: (_, offset) =>
        this.isAway ? new Promise<never>(() => undefined) : Promise.resolve(this.end >= offset),
    };
  }
}

function cluster() {
  const brokers = [new FakeBroker("a"), new FakeBroker("b"), new FakeBroker("c")] as const;
  return { brokers, memory: new ClusterMemory(brokers.map(({ connect }) => connect)) };
}

/** Timers must be mocked. */
async function pass(t: TestContext, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    t.mock.timers.tick(100);
    await new Promise(setImmediate);
  }
}

describe("the memory id of several brokers", () => {
  it("is the list of theirs, each asked for its own queue", async () => {
    const { brokers, memory } = cluster();
    assert.equal(await memory.id(), "a,b,c");
    assert.deepEqual(
      brokers.map(({ asked }) => asked),
      [["bootQ-1"], ["bootQ-2"], ["bootQ-3"]],
    );
  });

  it("is asked for over connections that are kept, and closed with it", async () => {
    const { brokers, memory } = cluster();
    await memory.id();
    await memory.id();
    assert.deepEqual(
      brokers.map(({ connections }) => connections),
      [1, 1, 1],
    );
    memory.close();
    await new Promise(setImmediate);
    assert.deepEqual(
      brokers.map(({ openConnections }) => openConnections),
      [0, 0, 0],
    );
  });

  it("is asked for over a new connection after a restart", async () => {
    const { brokers, memory } = cluster();
    await memory.id();
    brokers[1].restart("x");
    assert.equal(await memory.id(), "a,x,c");
  });

  it("has one that falls silent as unknown, and knows it again when it is back", async () => {
    const { brokers, memory } = cluster();
    await memory.id();
    brokers[1].isAway = true;
    assert.equal(await memory.id(), "a,?,c");
    brokers[1].isAway = false;
    assert.equal(await memory.id(), "a,b,c");
  });

  it("has one that does not answer as unknown", async () => {
    const { brokers, memory } = cluster();
    brokers[1].isAway = true;
    assert.equal(await memory.id(), "a,?,c");
  });

  it("is not told when no majority answers", async (t) => {
    const { brokers, memory } = cluster();
    brokers[0].isAway = true;
    brokers[2].isAway = true;
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const asking = assert.rejects(memory.id(), { name: "TransientError", message: /no majority/ });
    await pass(t, 10_000);
    await asking;
    mock.reset();
  });

  it("is renewed at every broker that was known", async () => {
    const { brokers, memory } = cluster();
    await memory.renew("a,?,c");
    assert.equal(await memory.id(), "a-renewed,b,c-renewed");
    await memory.renew("a,b,c");
    assert.deepEqual(
      brokers.map(({ renewals }) => renewals),
      [1, 1, 1],
    );
  });

  it("lets nothing be made while a broker is away", async () => {
    const { brokers, memory } = cluster();
    await memory.requireAll();
    brokers[2].isAway = true;
    await assert.rejects(memory.requireAll(), {
      name: "TransientError",
      message: /1 of 3 brokers do not answer/,
    });
  });
});

describe("the log at one of several brokers", () => {
  it("is asked for there, whatever the others have", async () => {
    const { brokers, memory } = cluster();
    for (const [i, broker] of brokers.entries()) broker.end = [7, 5, 7][i] ?? 0;
    const reaches = (offset: number) => Promise.all([0, 1, 2].map((i) => memory.logReaches(i, offset)));
    assert.deepEqual(await reaches(5), [true, true, true]);
    assert.deepEqual(await reaches(6), [true, false, true]);
    assert.deepEqual(await reaches(8), [false, false, false]);
  });

  it("is asked for over the connection by which its memory id is", async () => {
    const { brokers, memory } = cluster();
    await memory.id();
    await memory.logReaches(1, 0);
    assert.deepEqual(
      brokers.map(({ connections }) => connections),
      [1, 1, 1],
    );
  });

  it("does not reach there while the broker does not answer, and over a new connection once it does", async (t) => {
    const { brokers, memory } = cluster();
    await memory.id();
    brokers[1].isAway = true;
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const asking = memory.logReaches(1, 0);
    await pass(t, 10_000);
    assert.equal(await asking, false);
    brokers[1].isAway = false;
    assert.equal(await memory.logReaches(1, 0), true);
    assert.equal(brokers[1].connections, 2);
    mock.reset();
  });

  it("is asked for over one connection, however many ask at once, and none is left open", async () => {
    const { brokers, memory } = cluster();
    const asking = [0, 1, 2].map((broker) => memory.logReaches(broker, 0));
    await Promise.all([memory.id(), memory.id(), ...asking, memory.logReaches(0, 0)]);
    assert.deepEqual(
      brokers.map(({ connections }) => connections),
      [1, 1, 1],
    );
    memory.close();
    await new Promise(setImmediate);
    assert.deepEqual(
      brokers.map(({ openConnections }) => openConnections),
      [0, 0, 0],
    );
  });

  it("leaves no connection open when one question gives up later than another that has connected anew", async (t) => {
    const { brokers, memory } = cluster();
    await memory.id();
    brokers[1].isAway = true;
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const reaching = memory.logReaches(1, 0);
    const first = memory.id();
    await pass(t, 1_500);
    assert.equal(await first, "a,?,c");
    brokers[1].isAway = false;
    assert.equal(await memory.id(), "a,b,c");
    await pass(t, 1_500);
    assert.equal(await reaching, false);
    memory.close();
    await new Promise(setImmediate);
    assert.equal(brokers[1].openConnections, 0);
    mock.reset();
  });

  it("does not reach where there is no such broker", async () => {
    const { memory } = cluster();
    assert.equal(await memory.logReaches(3, 0), false);
  });
});

describe("a queue of several brokers", () => {
  it("is known when each that answers has it", async (t) => {
    const { brokers, memory } = cluster();
    const asked = () => memory.isKnownEverywhere("responseQ.api-1");
    assert.equal(await asked(), true);
    brokers[2].queues = [];
    assert.equal(await asked(), false);
    brokers[2].isAway = true;
    brokers[2].restart("c2");
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const asking = asked();
    await pass(t, 1_500);
    assert.equal(await asking, true);
    mock.reset();
  });
});
