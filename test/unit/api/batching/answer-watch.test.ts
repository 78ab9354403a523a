import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AnswerWatch } from "../../../../api/batching/answer-watch.ts";
import { packWrite } from "../../../../api/batching/pending.ts";
import { type Api, openApi } from "../../../../api/open-api.ts";
import { encodeAnswers, queues } from "../../../../core/messages/queues.ts";
import { pathsOf } from "../../../../core/state/znodes.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { Link } from "../../../fakes/link.ts";
import { MemoryBroker } from "../../../fakes/memory-broker.ts";
import { MemoryZooKeeper } from "../../../fakes/memory-zookeeper.ts";
import { type RunningWorld, runningWorld } from "../../../fakes/running-world.ts";
import { clockOf, VirtualProcess } from "../../../fakes/virtual-process.ts";
import { ok, Waiter, writeWorld } from "./batchers.ts";

/** A watch on a clock that passes as it is waited for; each connection lasts for five minutes at most. */
function watched(isServed: (nowMs: number) => boolean = () => true) {
  let nowMs = 0;
  let overAtMs = 0;
  let over = new AbortController();
  const asked = { unansweredMs: 0, heardAtMs: 0 };
  let silentSinceMs: number | undefined = 0;
  const sleep = async (ms: number) => {
    nowMs += ms;
    if (nowMs >= overAtMs) over.abort("time is over");
    asked.unansweredMs = silentSinceMs === undefined ? 0 : nowMs - silentSinceMs;
  };
  const watch = new AnswerWatch(asked, () => isServed(nowMs), { sleep, monotonicMs: () => nowMs });
  /** @returns after how long the connection was left, in ms; undefined when it was not */
  const lasts = async (): Promise<number | undefined> => {
    over = new AbortController();
    overAtMs = nowMs + 300_000;
    const startedAtMs = nowMs;
    asked.heardAtMs = nowMs;
    if (silentSinceMs !== undefined) silentSinceMs = nowMs;
    const left = await watch.leave(over.signal).then(
      () => false,
      () => true,
    );
    return left ? nowMs - startedAtMs : undefined;
  };
  const answeredUntil = (ms: number | undefined) => {
    silentSinceMs = ms;
  };
  const hear = () => {
    asked.heardAtMs = nowMs + 1;
  };
  return { lasts, answeredUntil, hear };
}

describe("a connection over which nothing is answered", () => {
  it("is left after eight seconds, and each further one later, for a minute at most", async () => {
    const { lasts } = watched();
    const all = [];
    for (let i = 0; i < 5; i++) all.push(await lasts());
    assert.deepEqual(all, [8_000, 16_000, 32_000, 64_000, 64_000]);
  });

  it("is left after eight seconds again once another one brought answers", async () => {
    let hears = false;
    const { lasts, hear } = watched(() => {
      if (hears) hear();
      hears = false;
      return true;
    });
    assert.deepEqual([await lasts(), await lasts()], [8_000, 16_000]);
    hears = true;
    assert.deepEqual([await lasts(), await lasts()], [8_000, 16_000]);
  });

  it("is kept while nothing waits for an answer", async () => {
    const { lasts, answeredUntil } = watched();
    answeredUntil(undefined);
    assert.equal(await lasts(), undefined);
  });

  it("is kept while nobody is there who could answer, and for eight seconds more", async () => {
    assert.equal(await watched(() => false).lasts(), undefined);
    assert.equal(await watched((nowMs) => nowMs > 20_000).lasts(), 28_500);
  });
});

describe("what a batcher says of its line", () => {
  it("is how long the oldest has waited since an answer came, or since the line was taken into use", async () => {
    const { clock, batcher, line, submit } = writeWorld();
    assert.equal(batcher.unansweredMs, 0);
    submit("one");
    await new Promise(setImmediate);
    clock.ms += 3_000;
    submit("two");
    await new Promise(setImmediate);
    clock.ms += 2_000;
    assert.equal(batcher.unansweredMs, 5_000);
    batcher.accept(line.sent[1]?.options.correlationId ?? "", "w-1", []);
    clock.ms += 500;
    assert.equal(batcher.unansweredMs, 500);
    line.end();
    assert.equal(batcher.unansweredMs, 0);
    batcher.connect(line);
    clock.ms += 700;
    assert.equal(batcher.unansweredMs, 700);
  });
});

describe("an API whose answers do not reach it any more", () => {
  let running: RunningWorld;
  let api: Api;
  let heard: readonly string[];
  const asked = new Set<string>();

  before(async () => {
    running = runningWorld(1);
    const { world } = running;
    const broker = new MemoryBroker(world, queues.sync, [queues.read, queues.write, queues.dead]);
    const zooKeeper = new MemoryZooKeeper(world);
    const connected = (process: VirtualProcess) => broker.connect(process, new Link(world, "broker", 1));
    const session = (process: VirtualProcess, timeoutMs = 4_000) =>
      zooKeeper.connect(process, new Link(world, "zookeeper", 1), timeoutMs);

    const worker = new VirtualProcess(world, "worker");
    const paths = pathsOf("test");
    const znodes = session(worker);
    for (const path of [paths.root, paths.workers]) await znodes.ensure(path);
    await znodes.put(paths.master, JSON.stringify({ name: "w-1", atWork: true }));
    const rabbit = connected(worker);
    await rabbit.consume(queues.write, { prefetch: 10 }, ({ replyTo, correlationId, ack }) => {
      ack();
      asked.add(replyTo);
      // The first queue is in no table that this worker's broker has.
      if (asked.size > 1) rabbit.send(replyTo, encodeAnswers("w-1", [ok(0)]), { correlationId });
    });

    const process = new VirtualProcess(world, "api");
    api = await openApi({
      id: "api-1",
      cluster: "test",
      manifestFile: undefined,
      manifestIn: "file",
      openBroker: async () => connected(process),
      openZnodeSession: async (timeoutMs) => session(process, timeoutMs),
      clock: clockOf(process),
      newId: () => `${Math.random()}`.slice(2),
      log: createLog({ program: "api", format: "json", level: "silent" }),
      tracing: undefined,
    });
    const reply = new Waiter();
    api.writes.submit({
      ...packWrite({ shape: { kind: "insert", table: "t", columns: ["a"] }, rows: [["v"]] }),
      bytes: 10,
      deadlineAtMs: process.monotonicMs() + 10_000,
      deadlineMs: process.now() + 10_000,
      reply,
    });
    while (reply.heard.length === 0) await new Promise(setImmediate);
    heard = reply.heard;
  });

  after(async () => {
    await api.close();
    running.stop();
  });

  it("asks again over another connection, with another queue, before the request's time is up", () => {
    assert.deepEqual(heard, ["ok [] at 7 by w-1"]);
    assert.equal(asked.size, 2);
  });
});
