import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { ClusterMemory, type Visit } from "../../../../platform/rabbitmq/cluster-memory.ts";
import type { Memory } from "../../../../platform/rabbitmq/memory.ts";

/** A broker whose queues have an id, or whose host is away: then a question has no answer at all. */
class FakeBroker {
  isAway = false;
  id = "";
  renewals = 0;
  readonly asked: string[] = [];

  constructor(id: string) {
    this.id = id;
  }

  readonly visit: Visit = async (_withinMs, use) => {
    if (this.isAway) return new Promise<never>(() => undefined);
    return use({ memoryIn: (queue) => this.#memory(queue) });
  };

  #memory(queue: string): Memory {
    this.asked.push(queue);
    return {
      id: () => Promise.resolve(this.id),
      renew: async (before) => {
        if (before !== this.id) return;
        this.renewals += 1;
        this.id = `${before}-renewed`;
      },
    };
  }
}

function cluster() {
  const brokers = [new FakeBroker("a"), new FakeBroker("b"), new FakeBroker("c")] as const;
  return { brokers, memory: new ClusterMemory(brokers.map(({ visit }) => visit)) };
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

  it("has one that does not answer as unknown, a second later", async () => {
    const { brokers, memory } = cluster();
    brokers[1].isAway = true;
    const startedAtMs = performance.now();
    assert.equal(await memory.id(), "a,?,c");
    assert.ok(performance.now() - startedAtMs < 1_500);
  });

  it("is not told when no majority answers", async (t) => {
    const { brokers, memory } = cluster();
    brokers[0].isAway = true;
    brokers[2].isAway = true;
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const asking = assert.rejects(memory.id(), { name: "TransientError", message: /no majority/ });
    for (let i = 0; i < 100; i++) {
      t.mock.timers.tick(100);
      await new Promise(setImmediate);
    }
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
