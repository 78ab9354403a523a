import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AnswerWatch } from "../../../../api/batching/answer-watch.ts";
import { packWrite } from "../../../../api/batching/pending.ts";
import { type Api, openApi } from "../../../../api/open-api.ts";
import { decodeAnswers, encodeAnswers, queues } from "../../../../core/messages/queues.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { Link } from "../../../fakes/link.ts";
import { MemoryBroker } from "../../../fakes/memory-broker.ts";
import { MemoryZooKeeper } from "../../../fakes/memory-zookeeper.ts";
import { type RunningWorld, runningWorld } from "../../../fakes/running-world.ts";
import { clockOf, VirtualProcess } from "../../../fakes/virtual-process.ts";
import { FakeLine, ok, turn, Waiter, writeWorld } from "./batchers.ts";

/** A watch on a clock that passes as it is waited for; each connection lasts for three minutes at most. */
function watched() {
  let nowMs = 0;
  let overAtMs = 0;
  let over = new AbortController();
  const askedAtMs: number[] = [];
  const state = { silentSinceMs: undefined as number | undefined, isKnown: true };
  const sleep = async (ms: number) => {
    nowMs += ms;
    if (nowMs >= overAtMs) over.abort("time is over");
  };
  const reads = { unansweredMs: 0 };
  const writes = {
    get unansweredMs() {
      return state.silentSinceMs === undefined ? 0 : nowMs - state.silentSinceMs;
    },
  };
  const watch = new AnswerWatch([reads, writes], { sleep, monotonicMs: () => nowMs });
  const isKnownEverywhere = async (queue: string) => {
    assert.equal(queue, "responseQ.api-1.abc");
    askedAtMs.push(nowMs);
    return state.isKnown;
  };
  /** @returns after how long the connection was left, in ms; undefined when it was not */
  const lasts = async (): Promise<number | undefined> => {
    over = new AbortController();
    overAtMs = nowMs + 180_000;
    const startedAtMs = nowMs;
    if (state.silentSinceMs !== undefined) state.silentSinceMs = nowMs;
    const left = await watch.leave({ isKnownEverywhere }, "responseQ.api-1.abc", over.signal).then(
      () => false,
      () => true,
    );
    return left ? nowMs - startedAtMs : undefined;
  };
  return { lasts, askedAtMs, state };
}

describe("a connection whose answers may go nowhere", () => {
  it("is kept, and the brokers are not asked, while all is answered in time", async () => {
    const { lasts, askedAtMs, state } = watched();
    state.isKnown = false;
    assert.equal(await lasts(), undefined);
    assert.deepEqual(askedAtMs, []);
  });

  it("is left when something waits for three seconds and a broker does not know the queue, each further one later", async () => {
    const { lasts, state } = watched();
    state.silentSinceMs = 0;
    state.isKnown = false;
    const all = [];
    for (let i = 0; i < 5; i++) all.push(await lasts());
    assert.deepEqual(all, [3_000, 6_000, 12_000, 24_000, 24_000]);
  });

  it("is left after three seconds again once all was answered in between", async () => {
    const { lasts, state } = watched();
    state.silentSinceMs = 0;
    state.isKnown = false;
    assert.deepEqual([await lasts(), await lasts()], [3_000, 6_000]);
    state.silentSinceMs = undefined;
    assert.equal(await lasts(), undefined);
    state.silentSinceMs = 0;
    assert.equal(await lasts(), 3_000);
  });

  it("is kept where all brokers know the queue, however long something waits, and they are asked ever more rarely", async () => {
    const { lasts, askedAtMs, state } = watched();
    state.silentSinceMs = 0;
    assert.equal(await lasts(), undefined);
    assert.deepEqual(askedAtMs.slice(0, 5), [3_000, 9_000, 21_000, 45_000, 69_000]);
  });
});

describe("how long a batcher says that something waits", () => {
  it("begins with what was sent first of all that has no answer, and with the line that it is sent over", async () => {
    const { clock, batcher, line, submit } = writeWorld();
    const { answers } = decodeAnswers(encodeAnswers("w-1", [ok(0)]));
    const answered = (at: number) =>
      batcher.accept(line.sent[at]?.options.correlationId ?? "", "w-1", answers);
    assert.equal(batcher.unansweredMs, 0);
    submit("one");
    await turn();
    clock.ms += 3_000;
    submit("two");
    await turn();
    clock.ms += 2_000;
    assert.equal(batcher.unansweredMs, 5_000);
    answered(0);
    assert.equal(batcher.unansweredMs, 2_000);
    line.end();
    assert.equal(batcher.unansweredMs, 0);
    const next = new FakeLine();
    batcher.connect(next);
    clock.ms += 700;
    assert.equal(batcher.unansweredMs, 700);
    answered(1);
    assert.equal(batcher.unansweredMs, 0);
  });

  it("ends with what was refused before anybody was asked", async () => {
    const { clock, batcher, line, submit } = writeWorld();
    const reply = submit("one");
    await turn();
    line.sent[0]?.refuse(new Error("the queue is full"));
    await turn();
    clock.ms += 500;
    assert.deepEqual(reply.heard, ["unavailable"]);
    assert.equal(batcher.unansweredMs, 0);
  });

  it("goes on when the time of what was asked is up, and not while the broker takes nothing", async () => {
    const { clock, batcher, line, submit } = writeWorld();
    const reply = submit("one", { deadlineAtMs: clock.ms + 100 });
    await turn();
    clock.ms += 500;
    batcher.sweep();
    assert.deepEqual(reply.heard, ["unavailable"]);
    assert.equal(batcher.unansweredMs, 500);
    line.blocked = true;
    assert.equal(batcher.unansweredMs, 0);
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
    const connected = (process: VirtualProcess) =>
      Object.assign(broker.connect(process, new Link(world, "broker", 1)), {
        isKnownEverywhere: async () => asked.size > 1,
      });
    const rabbit = connected(new VirtualProcess(world, "worker"));
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
      openZnodeSession: async (timeoutMs) =>
        zooKeeper.connect(process, new Link(world, "zookeeper", 1), timeoutMs),
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
