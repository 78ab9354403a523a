import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nowhere } from "../../../../core/log/place.ts";
import { gateOf, type OtherCopy, type Seen, standingOf } from "../../../../core/rules/trust.ts";
import type { LogNode, Place } from "../../../../core/state/znodes.ts";
import { at, kindOf, own, whyOf } from "./own-copy.ts";

const acknowledged = (change: Partial<LogNode> = {}): LogNode => ({
  broker: "now",
  master: "w-1",
  ...at(5, 100),
  ...change,
});
const peer = (name: string, place: Place, eligible = false): OtherCopy => ({
  name,
  copyId: undefined,
  place,
  eligible,
});
const seen = (change: Partial<Seen> = {}): Seen => ({
  memory: "now",
  log: acknowledged(),
  copies: new Map(),
  listed: true,
  peers: [],
  hasMaster: false,
  ...change,
});
const restarted = acknowledged({ broker: "before" });

describe("while the broker has forgotten nothing", () => {
  it("a copy that joins the log may lead, also one that is behind", () => {
    assert.equal(kindOf(own({ place: at(4, 7) }), seen()), "lead");
  });

  it("an empty copy at a silent log waits for its first record", () => {
    assert.match(
      whyOf(own({ place: nowhere, joint: "empty" }), seen()),
      /first record.*epoch 5, position 100/,
    );
  });

  it("an empty copy at an empty log may lead where nothing was ever acknowledged", () => {
    const first = seen({ log: acknowledged(nowhere) });
    assert.equal(kindOf(own({ place: nowhere, joint: "empty" }), first), "lead");
  });

  it("a copy that does not join takes the snapshot of the fullest that holds at least as much", () => {
    const peers = [
      peer("w-1", at(5, 120), true),
      peer("w-3", at(6, 90), true),
      peer("w-4", at(5, 99), true),
      peer("w-5", at(9, 9), false),
    ];
    assert.deepEqual(standingOf(own({ joint: "apart" }), seen({ peers })), {
      kind: "copy",
      donors: ["w-3", "w-1"],
    });
  });

  it("a copy that does not join never takes a poorer one, however many there are", () => {
    const peers = [peer("w-1", at(5, 99), true), peer("w-3", nowhere, true)];
    assert.match(whyOf(own({ joint: "apart" }), seen({ peers })), /snapshot/);
  });
});

describe("after the broker has lost its memory", () => {
  it("no copy may lead before the last master's is there", () => {
    const all = seen({ log: restarted, peers: [peer("w-3", at(5, 100))] });
    assert.match(
      whyOf(own(), all),
      /waits for w-1, whose copy holds every acknowledged write \(epoch 5, position 100\)/,
    );
  });

  it("a last master with a poorer copy than it had, as after the loss of its volume, is no witness", () => {
    const all = seen({ log: restarted, peers: [peer("w-1", nowhere)] });
    assert.match(whyOf(own(), all), /waits for w-1/);
  });

  it("the last master vouches for a log that its copy joins", () => {
    assert.deepEqual(standingOf(own({ name: "w-1" }), seen({ log: restarted })), {
      kind: "vouch",
      log: { ...restarted, broker: "now" },
    });
  });

  it("a copy that holds as much as the last master's vouches as well", () => {
    assert.equal(kindOf(own(), seen({ log: restarted, peers: [peer("w-1", at(5, 100))] })), "vouch");
  });

  it("the fullest copy goes on from its own file when the log has lost what it holds", () => {
    assert.equal(kindOf(own({ name: "w-1", joint: "apart" }), seen({ log: restarted })), "adopt");
    const ahead = own({ place: at(5, 101), joint: "apart" });
    assert.equal(kindOf(ahead, seen({ log: restarted, peers: [peer("w-1", at(5, 100))] })), "adopt");
  });

  it("a copy that joins a shortened log waits for the fuller one that does not", () => {
    const all = seen({ log: restarted, peers: [peer("w-1", at(5, 100))] });
    assert.match(whyOf(own({ place: at(5, 90) }), all), /waits for w-1, whose copy is the fullest/);
  });

  it("of two copies that hold the same and do not join, one goes on", () => {
    const all = seen({ log: restarted, peers: [peer("w-1", at(5, 100))] });
    assert.match(whyOf(own({ joint: "apart" }), all), /waits for w-1, whose copy holds the same/);
    const first = own({ name: "w-1", joint: "apart" });
    assert.equal(kindOf(first, seen({ log: restarted, peers: [peer("w-2", at(5, 100))] })), "adopt");
  });

  it("no copy goes on from its own file while there is a master", () => {
    assert.equal(
      kindOf(own({ name: "w-1", joint: "apart" }), seen({ log: restarted, hasMaster: true })),
      "wait",
    );
  });

  it("no copy vouches for a log of several brokers while there is a master, which knows better what they have", () => {
    const noted = acknowledged({ broker: "a,b,c" });
    const peers = [peer("w-1", at(5, 100))];
    const now = (memory: string, hasMaster: boolean) => seen({ memory, log: noted, peers, hasMaster });
    assert.match(whyOf(own(), now("a,x,y", true)), /waits for the master/);
    assert.equal(kindOf(own(), now("a,x,y", false)), "vouch");
    assert.equal(kindOf(own(), seen({ log: restarted, peers, hasMaster: true })), "vouch");
  });

  it("no snapshot is taken before the log is vouched for", () => {
    const peers = [peer("w-1", at(5, 100)), peer("w-3", at(5, 100), true)];
    assert.equal(kindOf(own({ place: at(5, 90), joint: "apart" }), seen({ log: restarted, peers })), "wait");
  });

  it("a copy that an operator chose goes on, with what it holds", () => {
    const accepted = seen({ log: { broker: "", master: "w-2", ...at(4, 80) } });
    assert.equal(kindOf(own({ place: at(4, 80), joint: "apart" }), accepted), "adopt");
    assert.equal(kindOf(own({ place: at(4, 80) }), accepted), "vouch");
  });
});

describe("after the loss of what ZooKeeper knew", () => {
  it("a process that has seen the log vouched for under the same broker's memory vouches again", () => {
    assert.deepEqual(standingOf(own({ vouchedUnder: "now" }), seen({ log: null, listed: false })), {
      kind: "vouch",
      log: { broker: "now", master: "", ...at(5, 100) },
    });
  });

  it("what it has seen under another memory counts nothing", () => {
    assert.match(
      whyOf(own({ vouchedUnder: "before" }), seen({ log: null, listed: false })),
      /list the volumes/,
    );
  });

  it("no copy goes on while what another volume holds is not known", () => {
    const copies = new Map([
      ["w-2", null],
      ["w-7", null],
    ]);
    assert.match(whyOf(own(), seen({ log: null, copies })), /what the copies of w-7 hold/);
  });

  it("the fullest of all volumes vouches, and names itself", () => {
    const copies = new Map([["w-7", at(5, 99)]]);
    assert.deepEqual(standingOf(own(), seen({ log: null, copies })), {
      kind: "vouch",
      log: { broker: "now", master: "w-2", ...at(5, 100) },
    });
  });

  it("the fullest that does not join the log is what is known from then on", () => {
    const mine = own({ joint: "apart" });
    const verdict = standingOf(mine, seen({ log: null }));
    assert.deepEqual(verdict, { kind: "vouch", log: { broker: "", master: "w-2", ...at(5, 100) } });
    if (verdict.kind === "vouch") assert.equal(kindOf(mine, seen({ log: verdict.log })), "adopt");
  });

  it("a copy waits for a fuller one whose worker does not run", () => {
    const copies = new Map([["w-7", at(6, 1)]]);
    assert.match(whyOf(own(), seen({ log: null, copies })), /waits for w-7/);
  });

  it("an empty cluster begins with any of its empty copies", () => {
    const mine = own({ place: nowhere, joint: "empty" });
    assert.equal(kindOf(mine, seen({ log: null, copies: new Map([["w-1", nowhere]]) })), "vouch");
  });
});

describe("the gate before a master's marker", () => {
  const whole = { memory: "now", adopts: false };

  it("lets through what holds everything known to be acknowledged", () => {
    assert.deepEqual(gateOf(at(5, 100), acknowledged(), whole), { kind: "pass" });
  });

  it("lets a copy that is behind read on first", () => {
    assert.deepEqual(gateOf(at(5, 99), acknowledged(), whole), { kind: "behind", until: acknowledged() });
  });

  it("refuses a log that is not vouched for, and one of which nothing is known", () => {
    assert.equal(gateOf(at(5, 100), restarted, whole).kind, "refuse");
    assert.equal(gateOf(at(5, 100), null, whole).kind, "refuse");
  });

  it("refuses a copy that goes on from its own file when another has led meanwhile", () => {
    assert.equal(gateOf(at(5, 100), acknowledged(at(6, 3)), { memory: "now", adopts: true }).kind, "refuse");
    assert.equal(gateOf(at(5, 100), restarted, { memory: "now", adopts: true }).kind, "pass");
  });
});

describe("with three brokers", () => {
  const noted = acknowledged({ broker: "a,b,c" });
  const with3 = (memory: string, change: Partial<Seen> = {}) => seen({ memory, log: noted, ...change });

  it("a copy that joins the log may lead, also after one was restarted or is away", () => {
    for (const memory of ["a,b,c", "a,b,x", "a,?,c"]) {
      assert.equal(kindOf(own(), with3(memory)), "lead", memory);
      assert.equal(gateOf(at(5, 100), noted, { memory, adopts: false }).kind, "pass", memory);
    }
  });

  it("a copy waits for the last master's once two were restarted or are away", () => {
    for (const memory of ["a,y,x", "z,y,x", "a,?,x", "?,?,c"]) {
      assert.match(whyOf(own(), with3(memory)), /waits for w-1, whose copy holds every acknowledged write/);
      assert.equal(gateOf(at(5, 100), noted, { memory, adopts: false }).kind, "refuse", memory);
    }
  });

  it("the last master's copy vouches, with the ids as they are then", () => {
    const verdict = standingOf(own({ name: "w-1" }), with3("a,y,x"));
    assert.deepEqual(verdict, { kind: "vouch", log: { ...noted, broker: "a,y,x" } });
  });

  it("what a process has seen vouched for is vouched for again under the ids that were noted then", () => {
    const emptied = with3("a,b,x", { log: null });
    const verdict = standingOf(own({ vouchedUnder: "a,b,c" }), emptied);
    assert.deepEqual(verdict, { kind: "vouch", log: { broker: "a,b,c", master: "", ...at(5, 100) } });
  });

  it("what was vouched for before two were restarted counts nothing", () => {
    const emptied = with3("a,y,x", { log: null, copies: new Map([["w-9", null]]) });
    assert.match(
      whyOf(own({ vouchedUnder: "a,b,c" }), emptied),
      /waits until it is known what the copies of w-9 hold/,
    );
  });

  it("a log of one broker is another one's", () => {
    const before = acknowledged({ broker: "a" });
    assert.equal(kindOf(own(), with3("a,b,c", { log: before })), "wait");
  });
});
