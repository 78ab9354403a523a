import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TransientError } from "../../../../core/errors.ts";
import {
  type CopyNode,
  type LogNode,
  type Place,
  pathsOf,
  type WorkerNode,
} from "../../../../core/state/znodes.ts";
import { type Clock, systemClock } from "../../../../platform/process/clock.ts";
import { createLog } from "../../../../platform/telemetry/log.ts";
import { type OwnStanding, Standing } from "../../../../worker/lead/standing.ts";
import type { Peer } from "../../../../worker/ports.ts";

const log = createLog({ program: "test", format: "json", level: "silent" });
const at = (epoch: number, position: number): Place => ({ epoch, position });
const sync = async () => undefined;
const joined = (place: Place): OwnStanding => ({ copyId: "b", place, offset: 101, joint: "joined", sync });

/** What the worker sees in ZooKeeper, and how often it looked. */
class Around {
  node: LogNode | null = null;
  version = 0;
  copies = new Map<string, CopyNode["holds"]>();
  others: Peer[] = [];
  away = false;
  hasMaster = false;
  looks = 0;
  changes = 0;
  /** The broker's memory id, and as much of it as has the log up to an offset. */
  memory = "now";
  reaching: (offset: number) => string = () => this.memory;
  readonly remembered = { vouchedUnder: null as string | null };
  readonly over = new AbortController();

  readonly standing = new Standing({
    membership: {
      peers: async () => this.others,
      master: async () =>
        this.hasMaster ? { name: "w-1", container: "w-1", guid: "w-1", pid: 1, sql: true } : null,
      knownCopies: async () => {
        this.looks += 1;
        if (this.away) throw new TransientError("ZooKeeper connection lost");
        return { log: { node: this.node, version: this.version }, copies: this.copies, listed: true };
      },
      vouch: async (known, node) => {
        if (known.version !== this.version) return false;
        this.node = node;
        this.version += 1;
        return true;
      },
    },
    session: { watch: () => undefined },
    paths: pathsOf("test"),
    name: "w-2",
    memory: this.#seenMemory(),
    remembered: this.remembered,
    time: this.#time(),
    log,
    onChange: () => {
      this.changes += 1;
    },
  });

  /** Time passes as soon as it is waited for, and is over after some looks. */
  #seenMemory() {
    const memory = () => this.memory;
    return {
      get now() {
        return memory();
      },
      reaching: async (offset: number) => this.reaching(offset),
    };
  }

  #time(): Clock {
    return {
      ...systemClock,
      now: () => 0,
      sleep: async () => {
        await new Promise(setImmediate);
        if (this.looks > 8) this.over.abort("enough");
      },
    };
  }

  peer(name: string, place: Place, { eligible = false, copyId = "" } = {}): void {
    const node: WorkerNode = {
      name,
      container: "",
      guid: "",
      state: "joining",
      pid: 1,
      eligible,
      copyId,
      ...place,
      readsServed: 0,
      writesServed: 0,
      sinceMs: 0,
    };
    this.others.push({ name, pid: 1, eligible, besideLog: false, czxid: 1, node });
  }
}

describe("the standing of a copy", () => {
  it("is written down and then counts at once", async () => {
    const around = new Around();
    around.node = { broker: "before", master: "w-2", ...at(5, 100) };
    assert.deepEqual(await around.standing.look(joined(at(5, 100))), { kind: "lead" });
    assert.ok(around.standing.eligible);
    assert.equal(around.node.broker, "now");
    assert.equal(around.looks, 2);
  });

  it("says what it waits for, once", async () => {
    const around = new Around();
    around.node = { broker: "before", master: "w-1", ...at(5, 100) };
    await around.standing.look(joined(at(5, 100)));
    await around.standing.look(joined(at(5, 100)));
    assert.ok(!around.standing.eligible);
    assert.match(around.standing.waiting ?? "", /waits for w-1/);
    assert.equal(around.changes, 1);
  });

  it("is not that of a worker whose copy is another one than was noted", async () => {
    const around = new Around();
    around.node = { broker: "before", master: "w-1", ...at(5, 100), copyIds: { "w-1": "a" } };
    around.peer("w-1", at(5, 100), { copyId: "another" });
    assert.equal((await around.standing.look(joined(at(5, 100)))).kind, "wait");
    around.others = [];
    around.peer("w-1", at(5, 100), { copyId: "a" });
    assert.equal((await around.standing.look(joined(at(5, 100)))).kind, "lead");
  });

  it("goes on from its own copy in two steps when nothing is known and the log is lost", async () => {
    const around = new Around();
    const verdict = await around.standing.look({
      copyId: "b",
      place: at(5, 100),
      offset: 101,
      joint: "apart",
      sync,
    });
    assert.equal(verdict.kind, "adopt");
    assert.deepEqual(around.node, { broker: "", master: "w-2", ...at(5, 100), copyIds: { "w-2": "b" } });
  });

  it("has its copy on the disk before it says what the copy holds", async () => {
    const around = new Around();
    const notes: (LogNode | null)[] = [];
    const own: OwnStanding = { ...joined(at(5, 100)), sync: async () => void notes.push(around.node) };
    await around.standing.look(own);
    assert.deepEqual(notes, [null]);
    assert.deepEqual(around.node, { broker: "now", master: "w-2", ...at(5, 100), copyIds: { "w-2": "b" } });
  });

  it("is not shown by a copy before a majority of the brokers has what it holds, and then by these alone", async () => {
    const around = new Around();
    around.memory = "x,y,c";
    const before = { broker: "a,b,c", master: "w-2", ...at(5, 100), copyIds: { "w-2": "b" } };
    around.node = before;
    const asked: number[] = [];
    const has = (ids: string) => {
      around.reaching = (offset) => {
        asked.push(offset);
        return ids;
      };
    };
    has("?,?,c");
    const verdict = await around.standing.look(joined(at(5, 100)));
    assert.equal(verdict.kind, "wait");
    assert.match(around.standing.waiting ?? "", /majority of the brokers/);
    assert.deepEqual([around.node, asked], [before, [101]]);
    has("?,y,c");
    assert.equal((await around.standing.look(joined(at(5, 100)))).kind, "lead");
    assert.deepEqual(around.node, { ...before, broker: "?,y,c" });
  });

  it("is left to the master while there is one", async () => {
    const around = new Around();
    around.memory = "x,y,c";
    const before = { broker: "a,b,c", master: "w-2", ...at(5, 100), copyIds: { "w-2": "b" } };
    around.node = before;
    around.hasMaster = true;
    assert.equal((await around.standing.look(joined(at(5, 100)))).kind, "wait");
    assert.equal(around.node, before);
    around.hasMaster = false;
    assert.equal((await around.standing.look(joined(at(5, 100)))).kind, "lead");
  });

  it("says nothing of a copy that could not be brought to the disk", async () => {
    const around = new Around();
    const own: OwnStanding = {
      ...joined(at(5, 100)),
      sync: async () => Promise.reject(new Error("input/output error")),
    };
    await assert.rejects(around.standing.look(own), /input\/output error/);
    assert.equal(around.node, null);
  });

  it("outlives the loss of what ZooKeeper knew within one process", async () => {
    const around = new Around();
    around.node = { broker: "now", master: "w-1", ...at(5, 100) };
    await around.standing.look(joined(at(5, 90)));
    around.node = null;
    around.copies = new Map([["w-1", null]]);
    assert.deepEqual(await around.standing.look(joined(at(5, 90))), { kind: "lead" });
  });

  it("stays what it is while ZooKeeper is away", async () => {
    const around = new Around();
    around.node = { broker: "now", master: "w-1", ...at(5, 100) };
    await around.standing.look(joined(at(5, 100)));
    around.away = true;
    await around.standing.watch(() => joined(at(5, 100)), around.over.signal);
    assert.ok(around.standing.eligible);
    assert.ok(around.looks > 8);
  });

  it("ends the session of a copy that another one has overtaken", async () => {
    const around = new Around();
    around.node = { broker: "now", master: "w-1", ...at(6, 100) };
    around.peer("w-1", at(6, 100), { eligible: true });
    const own = (): OwnStanding => ({ copyId: "b", place: at(5, 101), offset: 102, joint: "apart", sync });
    await assert.rejects(around.standing.watch(own, around.over.signal), /another copy has gone on/);
  });
});
