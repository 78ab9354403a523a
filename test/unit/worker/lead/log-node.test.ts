import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TransientError } from "../../../../core/errors.ts";
import { type LogNode, pathsOf, toJson } from "../../../../core/state/znodes.ts";
import { AcknowledgedLog } from "../../../../worker/lead/log-node.ts";

const paths = pathsOf("test");

/** One znode. */
class Node {
  data: string | undefined;
  version = -1;
  calls = 0;

  async get() {
    this.calls += 1;
    if (this.data === undefined) return null;
    const stat = { czxid: 1, mzxid: 1, version: this.version, createdAtMs: 0, modifiedAtMs: 0, mine: false };
    return { data: this.data, stat };
  }

  async create(path: string, data: string) {
    this.calls += 1;
    if (this.data !== undefined) return null;
    this.data = data;
    this.version = 0;
    return path;
  }

  async set(_path: string, data: string, version = -1) {
    this.calls += 1;
    if (this.data === undefined || (version >= 0 && version !== this.version)) return false;
    this.data = data;
    this.version += 1;
    return true;
  }

  get node(): LogNode {
    return JSON.parse(this.data ?? "null");
  }
}

describe("the znode of what is acknowledged", () => {
  const of = (session: Node, name: string) =>
    new AcknowledgedLog(session, paths, { name, memory: { toNote: () => "now" } });

  it("is written once read with a single call", async () => {
    const session = new Node();
    const log = of(session, "w-1");
    await log.read();
    session.calls = 0;
    await log.hasLed({ epoch: 3, position: 7 }, "a", []);
    await log.hasLed({ epoch: 3, position: 8 }, "a", []);
    assert.equal(session.calls, 2);
    const copyIds = { "w-1": "a" };
    assert.deepEqual(session.node, { broker: "now", master: "w-1", epoch: 3, position: 8, copyIds });
  });

  it("keeps, at the end of a mastership, the memory under which it was last written", async () => {
    const session = new Node();
    let now = "before";
    const log = new AcknowledgedLog(session, paths, { name: "w-1", memory: { toNote: () => now } });
    await log.hasLed({ epoch: 3, position: 7 }, "a", []);
    now = "forgotten";
    await log.hasLed({ epoch: 3, position: 8 }, "a", [], true);
    assert.deepEqual([session.node.broker, session.node.position, session.node.final], ["before", 8, true]);
    await log.hasLed({ epoch: 4, position: 9 }, "a", []);
    assert.deepEqual([session.node.broker, session.node.final], ["forgotten", undefined]);
  });

  it("names the master and its witnesses, and the copies of those that tell an id", async () => {
    const session = new Node();
    const witnesses = [
      { name: "w-2", copyId: "b" },
      { name: "w-3", copyId: undefined },
    ];
    await of(session, "w-1").hasLed({ epoch: 3, position: 7 }, "a", witnesses);
    assert.deepEqual(session.node.witnesses, ["w-2", "w-3"]);
    assert.deepEqual(session.node.copyIds, { "w-1": "a", "w-2": "b" });
  });

  it("says of a last word that it is one, and the next note does not say it any more", async () => {
    const session = new Node();
    const last = of(session, "w-1");
    await last.hasLed({ epoch: 3, position: 7 }, "a", []);
    assert.equal("final" in session.node, false);
    await last.hasLed({ epoch: 3, position: 8 }, "a", [], true);
    assert.equal(session.node.final, true);
    await of(session, "w-2").hasLed({ epoch: 4, position: 8 }, "b", []);
    assert.equal("final" in session.node, false);
    await assert.rejects(last.hasLed({ epoch: 3, position: 8 }, "a", [], true), TransientError);
    assert.equal("final" in session.node, false);
  });

  it("is never taken back by a master that has a successor", async () => {
    const session = new Node();
    const old = of(session, "w-1");
    await old.hasLed({ epoch: 3, position: 7 }, "a", []);
    await of(session, "w-2").hasLed({ epoch: 4, position: 7 }, "a", []);
    await assert.rejects(old.hasLed({ epoch: 3, position: 8 }, "a", []), TransientError);
    assert.equal(session.node.master, "w-2");
  });

  it("is written by a new master although another worker has vouched meanwhile", async () => {
    const session = new Node();
    const log = of(session, "w-1");
    const before = { broker: "before", master: "w-1", epoch: 3, position: 7 };
    await session.create(paths.log, toJson(before));
    await log.read();
    const other = of(session, "w-2");
    assert.ok(await other.replace(await other.read(), { ...before, broker: "now" }));
    await log.hasLed({ epoch: 4, position: 7 }, "a", []);
    assert.equal(session.node.epoch, 4);
  });

  it("is vouched for only as it was read", async () => {
    const session = new Node();
    const voucher = of(session, "w-2");
    const known = await voucher.read();
    await of(session, "w-1").hasLed({ epoch: 4, position: 7 }, "a", []);
    assert.equal(await voucher.replace(known, { broker: "now", master: "", epoch: 1, position: 1 }), false);
    assert.equal(session.node.epoch, 4);
  });
});
