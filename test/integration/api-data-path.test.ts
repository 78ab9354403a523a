import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { limits } from "../../api/limits.ts";
import type { RefusalBody } from "../../core/errors.ts";
import { queues, type ReadBatch, type WriteBatch } from "../../core/messages/queues.ts";
import type { Command, ReadsNode } from "../../core/state/znodes.ts";
import { sleep } from "../../platform/process/waiting.ts";
import { ApiWorld, applied, EchoWorker, echo, until } from "./api-world.ts";

/** Longer than anything here takes, so that only what is limited by its test runs out of time. */
const patientMs = 60_000;
const read = (value: unknown) => ({ table: "users", where: { username: value } });
const write = (value: unknown) => ({ op: "insert", table: "users", row: { username: value } });

describe("the API between a real broker and a real ZooKeeper", () => {
  let world: ApiWorld;
  const workers: EchoWorker<"read" | "write">[] = [];

  before(async () => {
    world = await ApiWorld.open();
    await emptyQueues();
    await world.limitRequestsTo(patientMs);
    await world.startApi();
    await world.electMaster("w-1");
    await world.ready();
  });
  after(() => world.close());
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.die();
    await emptyQueues();
  });

  /** What other tests have left there would be answered in between: copies of late reads, and what a slave held to the end. */
  async function emptyQueues() {
    const drains = [await reader("drain"), await writer("drain")];
    await world.untilQueuesAreEmpty(1);
    for (const drain of drains) await drain.die();
    workers.length = 0;
    await world.untilQueuesAreEmpty(0);
  }

  const reader = async (
    name: string,
    answer: (batch: ReadBatch) => ReturnType<typeof echo> | undefined = echo,
  ) => {
    const worker = await EchoWorker.start(name, world.rabbit, "read", answer);
    workers.push(worker as EchoWorker<"read" | "write">);
    return worker;
  };
  const writer = async (
    name: string,
    answer: (batch: WriteBatch) => ReturnType<typeof echo> | undefined = applied(),
  ) => {
    const worker = await EchoWorker.start(name, world.rabbit, "write", answer);
    workers.push(worker as EchoWorker<"read" | "write">);
    return worker;
  };

  /** Of a read; undefined while it waits. */
  const statusWithin = (ms: number) =>
    Promise.race([
      world.post("/api/v1/db/read", read("asha")).then(({ status }) => status),
      sleep(ms).then(() => undefined),
    ]);

  const readCount = async () => {
    const node = await world.zookeeper.get(`${world.paths.reads}/api-0`);
    return (JSON.parse(node?.data ?? "null") as ReadsNode | null)?.reads ?? 0;
  };

  /** The count once the reads of earlier tests are in it. */
  const settledCount = async () => {
    let count = await readCount();
    await until("the count stands still", async () => {
      const earlier = count;
      await sleep(2 * limits.readsFlushEveryMs);
      count = await readCount();
      return count === earlier;
    });
    return count;
  };

  it("answers every request of many at once with its own answer", async () => {
    await reader("w-2");
    await writer("w-1");
    const values = Array.from({ length: 300 }, (_, i) => `Größe ${i}`);
    const answers = await Promise.all(values.map((value) => world.post("/api/v1/db/read", read(value))));
    for (const [i, response] of answers.entries()) {
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("x-dbaas-worker"), "w-2");
      assert.deepEqual(await response.json(), [{ params: [values[i]] }]);
    }
    const written = await Promise.all(values.map((value) => world.post("/api/v1/db/write", write(value))));
    const outcomes = await Promise.all(
      written.map((response) => response.json() as Promise<{ key: string }>),
    );
    assert.equal(new Set(outcomes.map(({ key }) => key)).size, 300);
  });

  it("gives the messages of readQ to the slaves in turn", async () => {
    // By the messages and not by the answers: a read that is late is sent once more, and that copy has its turn as well.
    const takenBy: string[] = [];
    const takes = (name: string) => (batch: ReadBatch) => {
      takenBy.push(name);
      return echo(batch);
    };
    for (const name of ["w-2", "w-3", "w-4"]) await reader(name, takes(name));
    for (let i = 0; i < 12; i++) assert.equal((await world.post("/api/v1/db/read", read(i))).status, 200);
    const turn = takenBy.slice(0, 3);
    assert.deepEqual(turn.toSorted(), ["w-2", "w-3", "w-4"]);
    assert.deepEqual(
      takenBy,
      takenBy.map((_, i) => turn[i % 3]),
    );
  });

  it("passes a worker's refusal on under its own status", async () => {
    const body: RefusalBody = { code: "unknown_table", message: "there is no table users", field: "table" };
    await reader("w-2", ({ items }) =>
      items.map(({ index }) => ({ index, ok: false, body: JSON.stringify(body), position: 3 })),
    );
    const response = await world.post("/api/v1/db/read", read("asha"));
    assert.deepEqual([response.status, await response.json()], [400, { error: body }]);
  });

  it("lets a read wait for a slave that comes later", async () => {
    const waiting = world.post("/api/v1/db/read", read("asha"));
    await until("the read waits", async () => (await world.rabbit.depth(queues.read)).messages >= 1);
    await reader("w-2");
    assert.equal((await waiting).status, 200);
  });

  it("answers a read whose slave died from another one", async () => {
    const dying = await reader("w-2", () => undefined);
    const waiting = world.post("/api/v1/db/read", read("asha"));
    await until("the slave holds the read", () => dying.batches.length >= 1);
    await reader("w-3");
    await dying.die();
    assert.equal((await waiting).headers.get("x-dbaas-worker"), "w-3");
  });

  it("gives a read to another slave when the first one hangs", async () => {
    let hanging: string | undefined;
    const answerUnlessFirst = (name: string) => (batch: ReadBatch) => {
      hanging ??= name;
      return hanging === name ? undefined : echo(batch);
    };
    for (const name of ["w-2", "w-3"]) await reader(name, answerUnlessFirst(name));
    const response = await world.post("/api/v1/db/read", read("asha"));
    assert.equal(response.status, 200);
    assert.notEqual(response.headers.get("x-dbaas-worker"), hanging);
  });

  it("sends writes whose answer may be lost again to a new master, under the same keys", async () => {
    // It dies after it has acked and before its answers are out.
    const first = await writer("w-1", () => []);
    const waiting = Promise.all([
      world.post("/api/v1/db/write", write("asha")),
      world.post("/api/v1/db/write", write("ravi"), { "Idempotency-Key": "k-1" }),
    ]);
    const keysOf = (worker: EchoWorker<"write">) =>
      worker.batches.flatMap(({ items }) => items.map(({ key }) => key)).sort();
    await until("the master has the writes", () => keysOf(first).length === 2);
    await first.die();
    const second = await writer("w-2");
    await world.electMaster("w-2");
    const answers = await waiting;
    assert.deepEqual(
      answers.map((response) => [response.status, response.headers.get("x-dbaas-worker")]),
      [
        [200, "w-2"],
        [200, "w-2"],
      ],
    );
    assert.deepEqual(keysOf(second), keysOf(first));
    assert.ok(keysOf(second).includes("c:k-1"));
    assert.ok(second.batches.every(({ attempt, items }) => attempt === 2 && items.length === 1));
  });

  it("reads strongly from a copy that has the place in the log it took", async () => {
    const slave = await reader("w-2");
    const master = await writer("w-1", ({ items }) =>
      items.map(({ index }) => ({ index, ok: true, body: '{"rowsAffected":0,"position":42}', position: 42 })),
    );
    assert.equal(
      (await world.post("/api/v1/db/read", { ...read("asha"), consistency: "strong" })).status,
      200,
    );
    assert.deepEqual(master.batches[0]?.shapes, [{ kind: "barrier" }]);
    assert.equal(slave.batches[0]?.items[0]?.minPosition, 42);
  });

  it("takes the time limit from the manifest, and answers 503 when it is over", async () => {
    await world.limitRequestsTo(300);
    await until("a read is given up early", async () => (await statusWithin(1_000)) === 503);
    await world.limitRequestsTo(patientMs);
    await until("reads wait longer again", async () => (await statusWithin(1_000)) === undefined);
    await reader("w-2");
  });

  it("counts reads in ZooKeeper, and goes on counting after its own restart", async () => {
    await reader("w-2");
    const before = await settledCount();
    for (let i = 0; i < 3; i++) await world.post("/api/v1/db/read", read(i));
    await world.post("/api/v1/db/read", { nonsense: true });
    await until("four reads are counted", async () => (await readCount()) === before + 4);
    await world.post("/api/v1/db/read", read("last"));
    assert.equal(await world.stopApi(), 0);
    assert.equal(await readCount(), before + 5);
    await world.startApi();
    await world.ready();
    await world.post("/api/v1/db/read", read("first"));
    await until("the count goes on", async () => (await readCount()) === before + 6);
  });

  it("keeps requests over a lost connection to the broker, and refuses new ones only after a second", async () => {
    await reader("w-2");
    const master = await writer("w-1", () => undefined);
    const waiting = world.post("/api/v1/db/write", write("asha"));
    await until("the master holds the write", () => master.batches.length === 1);
    world.wire.cut();
    const early = world.post("/api/v1/db/read", read("early"));
    await until("new requests are refused at once", async () => (await statusWithin(200)) === 503);
    assert.equal((await world.get("/readyz")).status, 503);
    await master.die();
    const second = await writer("w-1");
    world.wire.mend();
    assert.equal((await early).status, 200);
    assert.equal((await waiting).status, 200);
    assert.equal(second.batches[0]?.items[0]?.key, master.batches[0]?.items[0]?.key);
    await world.ready();
  });

  it("reads and writes on while ZooKeeper is away, and makes up for it afterwards", async () => {
    await reader("w-2");
    await writer("w-1");
    const before = await settledCount();
    world.zooKeeperWire.cut();
    assert.equal((await world.post("/api/v1/db/read", read("asha"))).status, 200);
    assert.equal((await world.post("/api/v1/db/write", write("asha"))).status, 200);
    await until("the API knows", async () => (await world.get("/readyz")).status === 503);
    assert.equal((await world.get("/api/v1/worker/list")).status, 503);
    assert.equal((await world.post("/api/v1/db/read", read("asha"))).status, 200);
    world.zooKeeperWire.mend();
    await world.ready();
    await until("both reads are counted", async () => (await readCount()) === before + 2);
  });

  it("starts while nothing can be reached, and refuses until it can", async () => {
    await world.stopApi();
    world.wire.cut();
    world.zooKeeperWire.cut();
    await world.startApi();
    await until("it refuses", async () => (await statusWithin(200)) === 503);
    assert.equal((await world.get("/readyz")).status, 503);
    world.wire.mend();
    world.zooKeeperWire.mend();
    await world.ready();
    await reader("w-2");
    assert.equal((await world.post("/api/v1/db/read", read("asha"))).status, 200);
  });

  it("leaves crash commands for the controller and answers with its outcome", async () => {
    const crashing = world.post("/api/v1/crash/slave", {});
    let path = "";
    await until("there is a command", async () => {
      const [name] = await world.zookeeper.children(world.paths.commands);
      path = `${world.paths.commands}/${name}`;
      return name !== undefined;
    });
    const command = JSON.parse((await world.zookeeper.get(path))?.data ?? "") as Command;
    assert.equal(command.kind, "crashSlave");
    await world.zookeeper.set(path, JSON.stringify({ ...command, outcome: { ok: true, pid: 4330 } }));
    assert.deepEqual(await (await crashing).json(), [4330]);
    await until(
      "the command is gone",
      async () => (await world.zookeeper.children(world.paths.commands)).length === 0,
    );
  });

  it("answers what has come before it ends on SIGTERM", async () => {
    const waiting = world.post("/api/v1/db/read", read("asha"));
    await until("the read waits", async () => (await world.rabbit.depth(queues.read)).messages >= 1);
    const stopped = world.stopApi();
    await until("nothing new is taken", () =>
      world.get("/healthz").then(
        () => false,
        () => true,
      ),
    );
    await reader("w-2");
    assert.equal((await waiting).status, 200);
    assert.equal(await stopped, 0);
    await world.startApi();
    await world.ready();
  });
});
