import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SeenMemory } from "../../../../worker/lead/seen-memory.ts";

/** Brokers, up to where each has the log, and a session that has seen their ids. */
async function seen(first: string) {
  const broker = {
    id: first,
    asked: 0,
    has: [9, 9, 9],
    /** By the broker and the offset that it was asked for. */
    questions: [] as (readonly [number, number])[],
    silent: -1,
    /** While it is asked. */
    meanwhile: (): void => undefined,
    memoryId: async () => {
      broker.asked += 1;
      return broker.id;
    },
    logReaches: async (at: number, offset: number) => {
      broker.questions.push([at, offset]);
      broker.meanwhile();
      if (at === broker.silent) await new Promise(() => undefined);
      return (broker.has[at] ?? 0) >= offset;
    },
  };
  const memory = await SeenMemory.of(broker);
  return { broker, memory };
}

/** As a master of the log that ends at 9 sees them. */
async function led(first: string, noted: string) {
  const { broker, memory } = await seen(noted);
  await memory.asked();
  const log = { noted, end: 9 };
  memory.leads({ noted: () => log.noted, end: async () => log.end });
  broker.id = first;
  await memory.look();
  return { broker, memory, log };
}

describe("the memory id of one broker, as a session has seen it", () => {
  it("is what it was at the beginning, and is not asked for again by who is about to lead", async () => {
    const { broker, memory } = await seen("a");
    assert.deepEqual([memory.now, await memory.asked(), broker.asked], ["a", "a", 1]);
  });

  it("tells of one host from several", async () => {
    const ofSeveral = async (id: string) => (await seen(id)).memory.isOfSeveral;
    assert.deepEqual([await ofSeveral("a"), await ofSeveral("a,b,c")], [false, true]);
  });

  it("is lost when it has changed", async () => {
    const { broker, memory } = await seen("a");
    assert.equal(await memory.look(), false);
    broker.id = "b";
    assert.equal(await memory.look(), true);
  });

  it("is noted by a master that has read its marker back, without any further proof", async () => {
    const { broker, memory } = await seen("b");
    assert.deepEqual(
      [null, "a", "b"].map((noted) => memory.toNote(noted)),
      ["b", "a", "b"],
    );
    await memory.asked();
    memory.leads({ noted: () => "a", end: async () => 9 });
    await memory.prove();
    assert.deepEqual(
      [null, "a", "b"].map((noted) => memory.toNote(noted)),
      ["b", "b", "b"],
    );
    assert.deepEqual(broker.questions, []);
  });

  it("is all that a vote can note, without a question", async () => {
    const { broker, memory } = await seen("b");
    assert.deepEqual([await memory.reaching(12), broker.questions], ["b", []]);
  });
});

describe("the memory ids of three brokers, as a session has seen them", () => {
  it("are not lost when one broker is restarted, and then another", async () => {
    const { broker, memory } = await seen("a,b,c");
    for (const id of ["a,b,x", "a,y,x", "z,y,x"]) {
      broker.id = id;
      assert.equal(await memory.look(), false, id);
      assert.equal(memory.now, id);
    }
  });

  it("are lost when two were restarted since the last look", async () => {
    const { broker, memory } = await seen("a,b,c");
    broker.id = "a,y,x";
    assert.equal(await memory.look(), true);
  });

  it("are not lost while two do not answer, and count as what they were", async () => {
    const { broker, memory } = await seen("a,b,c");
    broker.id = "a,?,?";
    assert.equal(await memory.look(), false);
    assert.equal(memory.now, "a,b,c");
  });

  it("are asked for anew by who is about to lead, and unknown where no broker answers", async () => {
    const { broker, memory } = await seen("a,b,c");
    broker.id = "a,?,x";
    assert.equal(await memory.asked(), "a,?,x");
  });

  it("are noted by a new master as it has seen them before its marker, however many have changed", async () => {
    const { broker, memory } = await seen("a,y,x");
    broker.id = "?,y,x";
    await memory.asked();
    assert.equal(memory.toNote("a,b,c"), "a,b,c");
    memory.leads({ noted: () => "a,b,c", end: async () => 9 });
    assert.equal(memory.toNote("a,b,c"), "a,y,x");
    assert.equal(memory.toNote("z,b,c"), "z,y,x", "one that did not answer then is not proven");
    assert.deepEqual(broker.questions, []);
  });

  it("are not noted as a new master sees them behind its marker", async () => {
    const { broker, memory } = await seen("a,b,c");
    await memory.asked();
    broker.id = "a,b,x";
    await memory.look();
    memory.leads({ noted: () => "a,b,c", end: async () => 9 });
    assert.equal(memory.toNote("a,b,c"), "a,b,c");
  });

  it("are for a vote those of the brokers that have a record", async () => {
    const { broker, memory } = await seen("a,y,x");
    broker.has = [9, 8, 9];
    assert.equal(await memory.reaching(9), "a,?,x");
    assert.equal(await memory.reaching(8), "a,y,x");
    broker.meanwhile = () => {
      broker.id = "z,y,x";
    };
    assert.equal(await memory.reaching(8), "?,y,x", "one that was restarted meanwhile may lack it");
  });

  it("are for a vote those of a majority that has the record, while the third says nothing", async () => {
    const { broker, memory } = await seen("a,y,x");
    broker.silent = 1;
    assert.equal(await memory.reaching(9), "a,?,x");
  });

  it("are for a vote all of them while nothing was acknowledged, and none when none has the record", async () => {
    const { broker, memory } = await seen("a,y,x");
    broker.has = [-1, -1, -1];
    assert.deepEqual([await memory.reaching(-1), broker.questions.length], ["a,y,x", 0]);
    assert.equal(await memory.reaching(0), "?,?,?");
  });
});

describe("an id of three that is another one than is noted", () => {
  it("is not noted before its broker is proven to have everything, and then at once", async () => {
    const { broker, memory } = await led("a,b,c", "a,b,c");
    broker.id = "a,b,x";
    broker.has[2] = 8;
    await memory.look();
    for (const _ of [1, 2, 3]) {
      await memory.prove();
      assert.equal(memory.toNote("a,b,c"), "a,b,c");
    }
    broker.has[2] = 9;
    await memory.prove();
    assert.equal(memory.toNote("a,b,c"), "a,b,x");
    assert.deepEqual(broker.questions, Array(4).fill([2, 9]));
  });

  it("is proven once, and not asked for when it is noted", async () => {
    const { broker, memory, log } = await led("a,b,x", "a,b,c");
    await memory.prove();
    await memory.prove();
    log.noted = memory.toNote("a,b,c");
    await memory.prove();
    assert.deepEqual([log.noted, broker.questions.length], ["a,b,x", 1]);
  });

  it("has to reach what was on its way when it was seen", async () => {
    const { broker, memory } = await seen("a,b,x");
    let resolve: (end: number) => void = () => undefined;
    const promise = new Promise<number>((resolved) => {
      resolve = resolved;
    });
    memory.leads({ noted: () => "a,b,c", end: () => promise });
    const proving = memory.prove();
    resolve(10);
    await proving;
    assert.deepEqual(broker.questions, [[2, 10]]);
    assert.equal(memory.toNote("a,b,c"), "a,b,c");
  });

  it("is not proven by who does not lead: a slave does not know where the log ends", async () => {
    const { broker, memory } = await seen("a,b,x");
    await memory.prove();
    assert.deepEqual([memory.toNote("a,b,c"), broker.questions], ["a,b,c", []]);
  });

  it("is not proven when its broker is restarted again while it is asked", async () => {
    const { broker, memory } = await led("a,b,x", "a,b,c");
    broker.meanwhile = () => {
      broker.id = "a,b,y";
    };
    await memory.prove();
    assert.equal(memory.toNote("a,b,c"), "a,b,c");
    await memory.look();
    assert.equal(memory.toNote("a,b,c"), "a,b,c", "the next id needs a proof of its own");
    await memory.prove();
    assert.equal(memory.toNote("a,b,c"), "a,b,y");
  });

  it("is not proven when its broker says nothing after it", async () => {
    const { broker, memory } = await led("a,b,x", "a,b,c");
    broker.meanwhile = () => {
      broker.id = "a,b,?";
    };
    await memory.prove();
    assert.equal(memory.toNote("a,b,c"), "a,b,c");
  });

  it("is proven no more once its broker has another one", async () => {
    const { broker, memory } = await led("a,b,x", "a,b,c");
    await memory.prove();
    broker.id = "a,b,y";
    broker.has[2] = 0;
    await memory.look();
    await memory.prove();
    assert.equal(memory.toNote("a,b,c"), "a,b,c");
  });

  it("stays proven while it is unknown", async () => {
    const { broker, memory } = await led("a,b,x", "a,b,c");
    await memory.prove();
    broker.id = "a,b,?";
    await memory.look();
    assert.equal(memory.toNote("a,b,c"), "a,b,x");
  });

  it("is not proven when the master's own record did not come back", async () => {
    const { broker, memory } = await seen("a,b,x");
    memory.leads({ noted: () => "a,b,c", end: () => Promise.reject(new Error("it did not come back")) });
    await assert.rejects(memory.prove(), /did not come back/);
    assert.deepEqual([memory.toNote("a,b,c"), broker.questions], ["a,b,c", []]);
  });

  it("is proven one by one when a majority was restarted under a master that leads on", async () => {
    const { broker, memory, log } = await led("a,b,x", "a,b,c");
    broker.has = [9, 8, 8];
    broker.id = "a,y,x";
    await memory.look();
    await memory.prove();
    assert.equal(memory.toNote(log.noted), "a,b,c");
    broker.has[2] = 9;
    await memory.prove();
    log.noted = memory.toNote(log.noted);
    assert.equal(log.noted, "a,b,x");
    broker.has[1] = 9;
    await memory.prove();
    assert.equal(memory.toNote(log.noted), "a,y,x");
  });

  it("does not keep a proof from seeing that a majority was restarted meanwhile", async () => {
    const { broker, memory } = await led("a,b,x", "a,b,c");
    broker.meanwhile = () => {
      broker.id = "a,z,y";
    };
    await memory.prove();
    assert.equal(await memory.look(), true);
  });
});
