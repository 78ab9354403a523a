import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { ReadCounter } from "../../../../api/cluster/read-counter.ts";
import type { ReadsNode } from "../../../../core/state/znodes.ts";
import { systemClock } from "../../../../platform/process/clock.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { eventually, FakeZnodes } from "../fake-znodes.ts";

const log = createLog({ program: "api", format: "json", level: "silent" });
const path = "/dbaas/test/reads/api-0";

function world(znodes = new FakeZnodes()) {
  const clock = { ...systemClock, ms: 0, now: () => 5_000 + clock.ms, monotonicMs: () => clock.ms };
  const counter = new ReadCounter(path, 250, clock, log);
  const session = new AbortController();
  const stored = () => JSON.parse(znodes.nodes.get(path)?.data ?? "null") as ReadsNode | null;
  const pass = (ms: number) => {
    clock.ms += ms;
    mock.timers.tick(ms);
  };
  return { znodes, clock, counter, session, stored, pass };
}

describe("the read counter", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  it("writes the first read at once, and later ones together", async () => {
    const { znodes, counter, session, stored, pass, clock } = world();
    clock.ms = 10;
    counter.count();
    await counter.resume(znodes, session.signal);
    pass(1);
    await eventually(() => stored()?.reads === 1);
    for (let i = 0; i < 5; i++) counter.count();
    pass(100);
    assert.deepEqual(stored(), { reads: 1, firstReadAtMs: 5_010 });
    pass(150);
    await eventually(() => stored()?.reads === 6);
    assert.deepEqual(stored(), { reads: 6, firstReadAtMs: 5_010 });
  });

  it("goes on from what an earlier process wrote", async () => {
    const { znodes, counter, session, stored, pass } = world();
    await znodes.put(path, '{"reads":40,"firstReadAtMs":77}');
    counter.count();
    await counter.resume(znodes, session.signal);
    counter.count();
    pass(1);
    await eventually(() => stored()?.reads === 42);
    assert.deepEqual(stored(), { reads: 42, firstReadAtMs: 77 });
  });

  it("counts on while ZooKeeper is away or refuses, and adds what was stored only once", async () => {
    const { znodes, counter, session, stored, pass } = world();
    await znodes.put(path, '{"reads":10,"firstReadAtMs":1}');
    await counter.resume(znodes, session.signal);
    counter.count();
    znodes.failing = new Error("connection loss");
    pass(1);
    counter.count();
    pass(1_000);
    session.abort();
    counter.count();
    znodes.failing = undefined;
    pass(1_000);
    assert.equal(stored()?.reads, 10);
    await counter.resume(znodes, new AbortController().signal);
    await eventually(() => {
      pass(250);
      return stored()?.reads === 13;
    });
    assert.equal(counter.reads, 13);
  });

  it("never goes back, even when its znode was made anew", async () => {
    const { counter, session, znodes, pass } = world();
    await counter.resume(znodes, session.signal);
    for (let i = 0; i < 5; i++) counter.count();
    const anew = new FakeZnodes();
    await counter.resume(anew, new AbortController().signal);
    pass(1_000);
    await eventually(() => anew.nodes.has(path));
    assert.equal((JSON.parse(anew.nodes.get(path)?.data ?? "") as ReadsNode).reads, 5);
  });

  it("makes its znode before the first read, and writes nothing while nothing is read", async () => {
    const { znodes, counter, session, stored, pass } = world();
    await counter.resume(znodes, session.signal);
    pass(1);
    await eventually(() => stored() !== null);
    assert.deepEqual(stored(), { reads: 0, firstReadAtMs: null });
    const { version } = znodes.nodes.get(path) ?? assert.fail();
    pass(5_000);
    assert.equal(znodes.nodes.get(path)?.version, version);
  });

  it("writes the rest when asked to", async () => {
    const { znodes, counter, session, stored } = world();
    await counter.resume(znodes, session.signal);
    counter.count();
    await counter.flush();
    assert.equal(stored()?.reads, 1);
  });
});
