import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type Candidate, mayLead, winner } from "../../../../core/rules/election.ts";

const candidate = (name: string, pid: number | null, more: Partial<Candidate> = {}): Candidate => ({
  name,
  pid,
  eligible: true,
  besideLog: false,
  czxid: 1,
  ...more,
});

describe("election", () => {
  it("the lowest pid leads", () => {
    const peers = [candidate("a", 4330), candidate("b", 1000), candidate("c", 2112)];
    assert.equal(winner(peers)?.name, "b");
    assert.equal(mayLead("b", peers, false), true);
    assert.equal(mayLead("a", peers, false), false);
  });
  it("pids are compared as numbers", () => {
    assert.equal(winner([candidate("a", 1000), candidate("b", 999)])?.name, "b");
  });
  it("nobody leads while there is a master, however low its pid", () => {
    assert.equal(mayLead("b", [candidate("b", 1)], true), false);
  });
  it("a worker whose pid is not known yet waits", () => {
    assert.equal(winner([candidate("a", null), candidate("b", 7)])?.name, "b");
    assert.equal(winner([candidate("a", null)]), null);
  });
  it("a worker whose copy does not join the log waits", () => {
    assert.equal(winner([candidate("a", 1, { eligible: false }), candidate("b", 7)])?.name, "b");
  });
  it("a worker beside the leader of the log leads only when there is no other", () => {
    const beside = candidate("a", 1, { besideLog: true });
    assert.equal(winner([beside, candidate("b", 7), candidate("c", 9)])?.name, "b");
    assert.equal(winner([beside, candidate("b", 7, { eligible: false })])?.name, "a");
  });
  it("of two equal pids the older znode wins", () => {
    const peers = [candidate("a", 5, { czxid: 90 }), candidate("b", 5, { czxid: 80 })];
    assert.equal(winner(peers)?.name, "b");
  });
  it("there is no winner among nobody", () => {
    assert.equal(winner([]), null);
    assert.equal(mayLead("a", [], false), false);
  });
  it("whatever order the znodes are read in, exactly one worker finds itself the winner", () => {
    const candidates = fc.uniqueArray(
      fc.record({
        name: fc.constantFrom("a", "b", "c", "d", "e"),
        pid: fc.option(fc.nat({ max: 4 })),
        eligible: fc.boolean(),
        besideLog: fc.boolean(),
        czxid: fc.nat({ max: 1_000_000 }),
      }),
      { selector: ({ name }) => name },
    );
    fc.assert(
      fc.property(candidates, fc.infiniteStream(fc.nat()), (peers, random) => {
        fc.pre(new Set(peers.map(({ czxid }) => czxid)).size === peers.length);
        const shuffled = peers
          .map((peer) => ({ peer, at: random.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ peer }) => peer);
        assert.equal(winner(shuffled)?.name, winner(peers)?.name);
        const leading = peers.filter(({ name }) => mayLead(name, shuffled, false));
        const able = peers.some(({ eligible, pid }) => eligible && pid !== null);
        assert.equal(leading.length, able ? 1 : 0);
      }),
    );
  });
});
