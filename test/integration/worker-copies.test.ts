// How a worker comes by its copy: from its own file, from the log, or from another worker, and what it does when one of
// them cannot be used.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { encodeRecord } from "../../core/log/record.ts";
import { queues } from "../../core/messages/queues.ts";
import type { WriteStatement } from "../../core/messages/statement.ts";
import { declareTinyLog, deleteQueue } from "./queue-tampering.ts";
import { peopleSchema } from "./small-spec.ts";
import { found, notYet, until } from "./until.ts";
import { WorkerWorld } from "./worker-world.ts";

const person = (name: string): WriteStatement => ({
  shape: { kind: "insert", table: "people", columns: ["name"] },
  rows: [[name]],
});
const note = (text: string): WriteStatement => ({
  shape: { kind: "insert", table: "notes", columns: ["text"] },
  rows: [[text]],
});

describe("a worker's copy", () => {
  let world: WorkerWorld;
  beforeEach(async () => {
    world = await WorkerWorld.open();
  });
  afterEach(() => world.close());

  const outputOf = (worker: { readonly output: () => string }) => worker.output();
  const peopleIn = (held: string): number => JSON.parse(held).tables.people.rows;

  async function pair(): Promise<void> {
    await world.start("w-1", 100);
    await world.untilStates({ "w-1": "master" });
    await world.start("w-2", 200);
    await world.untilStates({ "w-1": "master", "w-2": "slave" });
  }

  /** Records in the log as an earlier master would have left them. */
  async function writeLog(records: number): Promise<void> {
    await world.rabbit.declareLog({ maxBytes: 2 ** 28, maxAgeSeconds: 3_600 });
    const epoch = 1;
    const append = (content: Buffer) => world.rabbit.publish(queues.sync, content, { persistent: true });
    await append(encodeRecord({ kind: "marker", epoch, after: 0, master: "w-0", atMs: 0 }));
    await append(
      encodeRecord({
        kind: "batch",
        epoch,
        position: 1,
        atMs: 0,
        effects: [{ schema: peopleSchema }],
        keys: [],
      }),
    );
    await Promise.all(
      Array.from({ length: records }, (_, i) =>
        append(
          encodeRecord({
            kind: "batch",
            epoch,
            position: i + 2,
            atMs: 0,
            effects: [note(`note ${i}`) as never],
            keys: [],
          }),
        ),
      ),
    );
    await until("the broker knows how long the log is", 20_000, async () => {
      const { messages } = await world.rabbit.depth(queues.sync);
      return messages > records ? found(true) : notYet(messages);
    });
  }

  it("of a new worker comes from another when the log is long, and goes on with the log", async () => {
    await writeLog(2_500);
    await world.start("w-1", 100);
    await world.untilStates({ "w-1": "master" });
    const late = await world.start("w-2", 200);
    // Written while the snapshot is taken.
    for (let i = 0; i < 20; i++) assert.equal((await world.write(person(`p${i}`))).ok, true);
    await world.untilStates({ "w-2": "slave" });
    assert.match(outputOf(late), /took a snapshot/);
    const held = await world.untilEqual(["w-1", "w-2"]);
    assert.equal(peopleIn(held), 20);
    assert.equal(JSON.parse(held).tables.notes.rows, 2_500);
  });

  it("that fell behind the end of the log is replaced by another worker's", async () => {
    await declareTinyLog(queues.sync);
    await pair();
    assert.equal((await world.write(person("early"))).ok, true);
    await world.untilEqual(["w-1", "w-2"]);
    await world.stop("w-2");
    for (let i = 0; i < 30; i++) assert.equal((await world.write(note(`${i} `.repeat(20_000)))).ok, true);
    const late = await world.start("w-2", 200);
    await world.untilStates({ "w-2": "slave" });
    assert.match(outputOf(late), /own copy does not join the log/);
    assert.match(outputOf(late), /took a snapshot/);
    await world.untilEqual(["w-1", "w-2"]);
  });

  it("whose file is damaged is put aside and rebuilt", async () => {
    await pair();
    for (let i = 0; i < 5; i++) assert.equal((await world.write(note(`${i} `.repeat(5_000)))).ok, true);
    await world.untilEqual(["w-1", "w-2"]);
    await world.stop("w-2");
    const file = join(world.directoryOf("w-2"), "data.db");
    const content = await readFile(file);
    content.fill(0x5a, 4_096, content.length);
    await writeFile(file, content);
    const again = await world.start("w-2", 200);
    await world.untilStates({ "w-2": "slave" });
    assert.match(outputOf(again), /own copy is damaged, put aside/);
    await world.untilEqual(["w-1", "w-2"]);
  });

  it("in which a record of the log contradicts the data is rebuilt from another worker's", async () => {
    await pair();
    assert.equal((await world.write(person("a"))).ok, true);
    await world.untilEqual(["w-1", "w-2"]);
    await world.stop("w-2");
    await world.tamper("w-2", "INSERT INTO people (name) VALUES ('b')");
    const again = await world.start("w-2", 200);
    await world.untilStates({ "w-2": "slave" });
    assert.equal((await world.write(person("b"))).ok, true);
    await world.untilEqual(["w-1", "w-2"]);
    assert.match(outputOf(again), /own copy cannot go on, put aside/);
  });

  it("with a gap in the log before it takes what others have, however short the log is", async () => {
    await pair();
    assert.equal((await world.write(person("a"))).ok, true);
    await world.untilEqual(["w-1", "w-2"]);
    await world.stop("w-2");
    // As if its file had missed a record that the log has no more.
    await world.tamper(
      "w-2",
      `UPDATE _dbaas_meta SET value = json_set(value, '$.position', json_extract(value, '$.position') - 1)
       WHERE name = 'applied'; DELETE FROM people; DELETE FROM _dbaas_keys;`,
    );
    await world.start("w-2", 200);
    assert.equal((await world.write(person("b"))).ok, true);
    await world.untilStates({ "w-2": "slave" });
    assert.equal(peopleIn(await world.untilEqual(["w-1", "w-2"])), 2);
  });

  it("is what is left when the log is lost: the furthest goes on, the others take it over", async () => {
    await pair();
    for (let i = 0; i < 5; i++) assert.equal((await world.write(person(`p${i}`))).ok, true);
    await world.untilEqual(["w-1", "w-2"]);
    await deleteQueue(queues.sync);
    assert.equal((await world.write(person("after the loss"))).ok, true);
    const held = await world.untilEqual(["w-1", "w-2"], 60_000);
    assert.equal(peopleIn(held), 6);
    // The new log does not begin with the first record: a new worker cannot rebuild from it.
    await world.start("w-3", 300);
    await world.untilStates({ "w-3": "slave" }, 60_000);
    await world.untilEqual(["w-1", "w-2", "w-3"]);
  });

  it("a garbled record in the log stops nobody", async () => {
    await pair();
    await world.rabbit.publish(queues.sync, Buffer.from("not a record"));
    assert.equal((await world.write(person("a"))).ok, true);
    await world.untilEqual(["w-1", "w-2"]);
    await world.start("w-3", 300);
    await world.untilStates({ "w-1": "master", "w-2": "slave", "w-3": "slave" });
    await world.untilEqual(["w-1", "w-2", "w-3"]);
  });
});
