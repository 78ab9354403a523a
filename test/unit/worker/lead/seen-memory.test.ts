import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SeenMemory } from "../../../../worker/lead/seen-memory.ts";

async function seen(first: string) {
  const broker = { id: first, asked: 0, nowMs: 0 };
  const ask = async () => {
    broker.asked += 1;
    return broker.id;
  };
  const memory = await SeenMemory.of(ask, { monotonicMs: () => broker.nowMs });
  return { broker, memory };
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

  it("is noted as it is", async () => {
    const { memory } = await seen("b");
    for (const noted of [null, "a", "b"]) assert.equal(memory.toNote(noted), "b");
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

  it("are noted anew once they were seen for half a minute", async () => {
    const { broker, memory } = await seen("a,b,c");
    broker.id = "a,b,x";
    broker.nowMs = 100_000;
    await memory.look();
    assert.equal(memory.toNote("a,b,c"), "a,b,c");
    broker.nowMs += 29_999;
    assert.equal(memory.toNote("a,b,c"), "a,b,c");
    broker.nowMs += 1;
    assert.equal(memory.toNote("a,b,c"), "a,b,x");
  });

  it("keep the time since when they were seen while they are unknown", async () => {
    const { broker, memory } = await seen("a,b,x");
    broker.id = "a,b,?";
    broker.nowMs = 30_000;
    await memory.look();
    assert.equal(memory.toNote("a,b,c"), "a,b,x");
  });

  it("are noted as they are when a majority has changed: the copy that leads now is what counts", async () => {
    const { memory } = await seen("a,y,x");
    assert.equal(memory.toNote("a,b,c"), "a,y,x");
  });
});
