import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { copyIdsOf, isReplaced } from "../../../../core/rules/copy-ids.ts";
import { type OtherCopy, type Seen, standingOf } from "../../../../core/rules/trust.ts";
import type { LogNode, Place } from "../../../../core/state/znodes.ts";
import { at, kindOf, own, whyOf } from "./own-copy.ts";

/** The broker has lost its memory since w-1 led. */
const restarted: LogNode = { broker: "before", master: "w-1", ...at(5, 100) };
const peer = (name: string, place: Place, copyId: string): OtherCopy => ({
  name,
  copyId,
  place,
  eligible: false,
});
const seen = (log: LogNode | null, ...peers: readonly OtherCopy[]): Seen => ({
  memory: "now",
  log,
  copies: new Map(),
  listed: true,
  peers,
  hasMaster: false,
});

describe("a copy's id", () => {
  it("tells it from another one of the same name, where both have one", () => {
    const noted = { copyIds: { "w-1": "a" } };
    assert.equal(isReplaced({ name: "w-1", copyId: "another" }, noted), true);
    assert.equal(isReplaced({ name: "w-1", copyId: "a" }, noted), false);
    assert.equal(isReplaced({ name: "w-1", copyId: undefined }, noted), false);
    assert.equal(isReplaced({ name: "w-2", copyId: "another" }, noted), false);
    assert.equal(isReplaced({ name: "w-1", copyId: "another" }, {}), false);
  });

  it("is noted of those that tell one", () => {
    const [first, second] = [
      { name: "w-1", copyId: "a" },
      { name: "w-2", copyId: undefined },
    ];
    assert.deepEqual(copyIdsOf([first, second]), { copyIds: { "w-1": "a" } });
    assert.deepEqual(copyIdsOf([second]), {});
  });

  it("is noted by the fullest, which vouches by a count of all", () => {
    const verdict = standingOf(own({ copyId: "b" }), seen(null));
    assert.deepEqual(verdict.kind === "vouch" && verdict.log.copyIds, { "w-2": "b" });
  });
});

describe("a copy that has taken the place of the one that was noted", () => {
  const noted = { ...restarted, copyIds: { "w-1": "a" } };

  it("is not the last master's, however much it holds", () => {
    const mine = own({ name: "w-1", copyId: "another", place: at(5, 120) });
    const why =
      /^waits for the copy that w-1 had when it led, which held every acknowledged write \(.*\); this copy holds .*; w-1 began a new copy, and the one before is gone$/;
    assert.match(whyOf(mine, seen(noted)), why);
    const peers = [peer("w-1", at(5, 120), "another")];
    assert.match(whyOf(own(), seen(noted, ...peers)), why);
  });

  it("is not missed where the one that was noted is there", () => {
    assert.equal(kindOf(own({ name: "w-1", copyId: "a" }), seen(noted)), "vouch");
    assert.equal(kindOf(own(), seen(noted, peer("w-1", at(5, 100), "a"))), "vouch");
  });

  it("is not a witness's", () => {
    const witnessed = {
      ...noted,
      witnesses: ["w-2", "w-3"],
      copyIds: { "w-1": "a", "w-2": "b", "w-3": "c" },
    };
    const mine = own({ copyId: "b" });
    const with3 = (copyId: string) => seen(witnessed, peer("w-3", at(5, 99), copyId));
    assert.equal(kindOf(mine, with3("c")), "vouch");
    assert.match(
      whyOf(mine, with3("another")),
      /^waits for w-1, whose copy holds .*, or for the copy that w-3 had as a witness; this copy holds .*; w-3 began a new copy, and/,
    );
  });

  it("may go on like any other after a last word, if it or another one holds what was noted", () => {
    const final = { ...noted, final: true as const };
    const mine = own({ name: "w-1", copyId: "another" });
    assert.equal(kindOf(mine, seen(final)), "vouch");
    assert.equal(kindOf(own(), seen(final)), "vouch");
    assert.equal(kindOf(own({ joint: "apart" }), seen(final)), "adopt");
    assert.match(whyOf({ ...mine, place: at(5, 99) }, seen(final)), /^waits for the copy that w-1 had/);
    assert.match(
      whyOf({ ...mine, place: at(5, 99) }, seen(final, peer("w-2", at(5, 100), "b"))),
      /^waits for w-2, whose copy is the fullest/,
    );
  });

  it("leaves the note a last word when it vouches, and makes none of one that is not", () => {
    const final = { ...noted, final: true as const };
    const vouched = (log: LogNode) => {
      const verdict = standingOf(own({ name: "w-1", copyId: "a" }), seen(log));
      return verdict.kind === "vouch" && verdict.log.final;
    };
    assert.deepEqual([vouched(final), vouched(noted)], [true, undefined]);
    const remembers = standingOf(own({ vouchedUnder: "now" }), seen(final));
    assert.equal(remembers.kind === "vouch" && remembers.log.final, undefined);
  });

  it("may lead like any other while the log is whole", () => {
    const mine = own({ name: "w-1", copyId: "another" });
    assert.equal(kindOf(mine, seen({ ...noted, broker: "now" })), "lead");
  });

  it("is known by its name alone where one of them has no id, as with an earlier version", () => {
    assert.equal(kindOf(own({ name: "w-1", copyId: "a" }), seen(restarted)), "vouch");
    assert.equal(kindOf(own({ name: "w-1" }), seen(noted)), "vouch");
  });

  it("goes on when an operator has accepted the loss", () => {
    const accepted = seen({ broker: "", master: "w-1", ...at(4, 80), copyIds: { "w-1": "another" } });
    assert.equal(
      kindOf(own({ name: "w-1", copyId: "another", place: at(4, 80), joint: "apart" }), accepted),
      "adopt",
    );
  });
});
