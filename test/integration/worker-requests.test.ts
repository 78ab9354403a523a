// Requests on their way through real workers: who answers them, and what becomes of the bad ones.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { queues, type ReadItem, type WriteItem } from "../../core/messages/queues.ts";
import type { ReadShape, WriteShape } from "../../core/messages/statement.ts";
import { noterOf, toJson } from "../../core/state/znodes.ts";
import { takeAll, takeAndDie } from "./queue-tampering.ts";
import { found, notYet, until } from "./until.ts";
import { WorkerWorld } from "./worker-world.ts";

const insert: WriteShape = { kind: "insert", table: "people", columns: ["name"] };
const byName: ReadShape = {
  kind: "select",
  table: "people",
  columns: ["name"],
  where: { op: "=", column: "name", param: 0 },
};
const reads = (...names: string[]): ReadItem[] =>
  names.map((name, index) => ({ index, shape: 0, params: [name] }));
const writes = (prefix: string, ...names: string[]): WriteItem[] =>
  names.map((name, index) => ({ index, shape: 0, rows: [[name]], key: `${prefix}#${index}` }));

describe("requests", () => {
  let world: WorkerWorld;
  before(async () => {
    world = await WorkerWorld.open();
    await world.start("w-1", 100);
    await world.untilStates({ "w-1": "master" });
    for (const [name, pid] of [
      ["w-2", 200],
      ["w-3", 300],
      ["w-4", 400],
    ] as const)
      await world.start(name, pid);
    await world.untilStates({ "w-1": "master", "w-2": "slave", "w-3": "slave", "w-4": "slave" });
  });
  after(() => world.close());

  const deadLetters = (count: number) =>
    until(`${count} dead letters`, 60_000, async () => {
      const { messages } = await world.rabbit.depth(queues.dead);
      return messages === count ? found(await takeAll(queues.dead)) : notYet(messages);
    });

  it("reads go round robin to the slaves, and none to the master", async () => {
    const served = new Map<string, number>();
    for (let i = 0; i < 30; i++) {
      const { worker } = await world.batch("read", [byName], reads("nobody"));
      served.set(worker, (served.get(worker) ?? 0) + 1);
    }
    assert.deepEqual(Object.fromEntries([...served].sort()), { "w-2": 10, "w-3": 10, "w-4": 10 });
  });

  it("many writes at once are each applied once and answered by their place", async () => {
    const batches = Array.from({ length: 50 }, (_, b) => {
      const names = Array.from({ length: 20 }, (_, i) => `many ${b} ${i}`);
      return world.batch("write", [insert], writes(`many-${b}`, ...names));
    });
    const answered = (await Promise.all(batches)).flatMap(({ answers }) => answers);
    assert.equal(answered.filter(({ ok }) => ok).length, 1_000);
    const held = JSON.parse(await world.untilEqual(["w-1", "w-2", "w-3", "w-4"]));
    assert.equal(held.tables.people.rows, 1_000);
  });

  it("one bad request of a batch is refused alone, with the field that is wrong", async () => {
    const shapes: WriteShape[] = [insert, { kind: "insert", table: "people", columns: ["nmae"] }];
    const items = [...writes("bad", "good", "bad", "good"), ...writes("bad2", "x")].map((item, index) => ({
      ...item,
      index,
      shape: index === 3 ? 1 : 0,
    }));
    const { answers } = await world.batch("write", shapes, items);
    assert.deepEqual(
      answers.map(({ ok, json }) => [ok, json.code, json.field]),
      [
        [true, undefined, undefined],
        [true, undefined, undefined],
        [false, "constraint_violation", "name"],
        [false, "unknown_column", "columns[0]"],
      ],
    );
  });

  it("a read waits for the position it needs", async () => {
    const { answers } = await world.batch("write", [insert], writes("fresh", "fresh"));
    const minPosition = answers[0]?.position ?? 0;
    const [item] = reads("fresh");
    const ask = async () => {
      const asked = Array.from({ length: 9 }, () =>
        world.batch("read", [byName], [{ ...(item as ReadItem), minPosition }]),
      );
      return (await Promise.all(asked)).map(({ answers }) => answers[0]?.json);
    };
    // A slave that does not get there in time says so; none answers from what it has.
    for (const json of await ask())
      if (json?.code !== "not_fresh") assert.deepEqual(json, [{ name: "fresh" }]);
    await world.untilEqual(["w-1", "w-2", "w-3", "w-4"]);
    for (const json of await ask()) assert.deepEqual(json, [{ name: "fresh" }]);
    const ahead = await world.batch("read", [byName], [{ ...(item as ReadItem), minPosition: 1_000_000 }]);
    assert.equal(ahead.answers[0]?.json.code, "not_fresh");
  });

  it("a message that is not one of ours goes to the dead-letter queue, and the others are served", async () => {
    for (const queue of [queues.read, queues.write])
      await world.rabbit.publish(queue, Buffer.from("garbage"), { correlationId: "x", replyTo: "y" });
    assert.deepEqual(await deadLetters(2), ["garbage", "garbage"]);
    const { answers } = await world.batch("read", [byName], reads("fresh"));
    assert.equal(answers[0]?.ok, true);
    await world.untilStates({ "w-1": "master", "w-2": "slave", "w-3": "slave", "w-4": "slave" });
  });

  it("requests whose worker died are tried again, each alone, and applied once", async () => {
    await Promise.all(["w-1", "w-2", "w-3", "w-4"].map((name) => world.kill(name)));
    const names = ["again 0", "again 1", "fresh"];
    const writing = world.batch("write", [insert], writes("again", ...names));
    const reading = world.batch("read", [byName], reads("fresh", "nobody"));
    await takeAndDie(queues.write, 1, "again 0");
    await takeAndDie(queues.read, 1, "nobody");
    await world.start("w-1", 100);
    await world.start("w-2", 200);
    const [written, read] = [await writing, await reading];
    assert.deepEqual(
      written.answers.map(({ ok }) => ok),
      [true, true, false],
    );
    assert.deepEqual(
      read.answers.map(({ json }) => json),
      [[{ name: "fresh" }], []],
    );
  });

  it("a request that a second worker had begun when it died is answered with an error and kept", async () => {
    await Promise.all(["w-1", "w-2"].map((name) => world.kill(name)));
    const writing = world.batch("write", [insert], writes("poison", "poison"), { attempt: 2 });
    const reading = world.batch("read", [byName], reads("poison"), { attempt: 2 });
    const taken = [
      ...(await takeAndDie(queues.write, 1, "poison")),
      ...(await takeAndDie(queues.read, 1, "poison")),
    ];
    const note = { begun: taken.map((id) => `${id}#0`), blamed: [], died: true };
    await world.session.put(world.paths.suspect(noterOf("w-9", "gone")), toJson(note));
    await world.start("w-1", 100);
    await world.start("w-2", 200);
    for (const { answers } of [await writing, await reading])
      assert.equal(answers[0]?.json.code, "poison_request");
    assert.equal((await deadLetters(2)).length, 2);
    const { answers } = await world.batch("read", [byName], reads("poison"));
    assert.deepEqual(answers[0]?.json, []);
    const again = await world.batch("write", [insert], writes("poison", "poison"));
    assert.equal(again.answers[0]?.json.code, "poison_request", "under its key the answer stays the same");
  });

  it("a request that a second worker merely held when it died is served", async () => {
    await Promise.all(["w-1", "w-2"].map((name) => world.kill(name)));
    const writing = world.batch("write", [insert], writes("held", "held"), { attempt: 2 });
    const reading = world.batch("read", [byName], reads("held"), { attempt: 2 });
    await takeAndDie(queues.write, 1, "held");
    await takeAndDie(queues.read, 1, "held");
    await world.start("w-1", 100);
    await world.start("w-2", 200);
    for (const { answers } of [await writing, await reading]) assert.equal(answers[0]?.ok, true);
  });

  it("a request at which each worker fails by itself is put aside after the second, and the others are served", async () => {
    // No API makes it, and each worker meets a fault of its own in it.
    const explode = { kind: "explode", table: "people" } as unknown as ReadShape;
    const item = { index: 0, shape: 0, params: [], rows: [[]], key: "explode" };
    for (const kind of ["read", "write"] as const) {
      const { answers } = await world.batch(kind, [explode], [item]);
      assert.equal(answers[0]?.json.code, "poison_request", kind);
    }
    assert.equal((await deadLetters(2)).length, 2);
    const [written, read] = [
      await world.batch("write", [insert], writes("after", "after")),
      await world.batch("read", [byName], reads("after")),
    ];
    for (const { answers } of [written, read]) assert.equal(answers[0]?.ok, true);
  });
});
