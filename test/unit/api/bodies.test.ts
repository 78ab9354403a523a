import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import fc from "fast-check";
import { Bodies } from "../../../api/http/bodies.ts";
import { systemClock } from "../../../platform/process/clock.ts";

const kibibyte = 1_024;
const bodyMax = 64 * kibibyte;

class World {
  nowMs = 0;
  readonly bodies: Bodies;

  constructor(allBytesMax = 256 * kibibyte) {
    this.bodies = new Bodies(allBytesMax, { ...systemClock, monotonicMs: () => this.nowMs });
  }

  /** A request whose body is under way. */
  request(headers: Record<string, string> = {}) {
    const req = Object.assign(new EventEmitter(), { headers });
    const outcome: { text?: string; refused?: string } = {};
    this.bodies.receive(req as unknown as IncomingMessage, bodyMax, (body, refusal) => {
      if (body !== undefined) outcome.text = body.toString("latin1");
      if (refusal !== undefined) outcome.refused = refusal.code;
    });
    return {
      outcome,
      send: (text: string) => void req.emit("data", Buffer.from(text, "latin1")),
      end: () => void req.emit("end"),
      leave: () => void req.emit("close"),
    };
  }
}

describe("bodies", () => {
  it("are put together from their pieces, whatever these are", () =>
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 2_000 }).map((text) => text.replace(/[^ -~]/g, "?"))),
        (pieces) => {
          const world = new World();
          const body = world.request();
          const text = pieces.join("");
          fc.pre(text.length <= bodyMax);
          for (const piece of pieces) body.send(piece);
          body.end();
          assert.deepEqual(body.outcome, { text });
          assert.equal(world.bodies.heldBytes, 0);
        },
      ),
    ));

  it("in pieces of one byte hold at most twice their bytes", () => {
    const world = new World();
    const body = world.request();
    for (let i = 1; i <= 20_000; i++) {
      body.send("x");
      assert.ok(world.bodies.heldBytes <= Math.max(256, 2 * i));
    }
    body.end();
    assert.equal(body.outcome.text?.length, 20_000);
  });

  it("hold no more than they have announced", () => {
    const world = new World();
    const body = world.request({ "content-length": "50000" });
    body.send("x".repeat(40_000));
    body.send("x".repeat(9_000));
    assert.equal(world.bodies.heldBytes, 50_000);
  });

  it("that come in one piece are not held at all", () => {
    const world = new World(1);
    const body = world.request({ "content-length": "9" });
    body.send('{"a":"b"}');
    assert.equal(world.bodies.heldBytes, 0);
    body.end();
    assert.deepEqual(body.outcome, { text: '{"a":"b"}' });
  });

  it("that stall are given up for others when all together are too many bytes, the oldest and largest first", () => {
    const world = new World();
    const stalled = [60, 61, 62, 63].map((size) => {
      const body = world.request();
      body.send("x".repeat(size * kibibyte));
      world.nowMs += 10;
      return body;
    });
    world.nowMs += 1_000;
    for (let i = 0; i < 200; i++) {
      const small = world.request();
      small.send("a".repeat(600));
      small.send("b");
      small.end();
      assert.equal(small.outcome.text?.length, 601);
    }
    const large = world.request();
    for (let i = 0; i < 60; i++) large.send("y".repeat(kibibyte));
    large.end();
    assert.equal(large.outcome.text?.length, 60 * kibibyte);
    assert.deepEqual(
      stalled.map(({ outcome }) => outcome.refused),
      [undefined, undefined, undefined, "unavailable"],
    );
    for (const { leave } of stalled) leave();
    assert.equal(world.bodies.heldBytes, 0);
  });

  it("never hold more than their bound in all, and always let go of it", () =>
    fc.assert(
      fc.property(
        fc.array(fc.record({ of: fc.nat(9), bytes: fc.nat(20_000), ms: fc.nat(50), end: fc.boolean() })),
        (steps) => {
          const world = new World(100_000);
          const bodies = Array.from({ length: 10 }, () => world.request());
          for (const { of, bytes, ms, end } of steps) {
            world.nowMs += ms;
            bodies[of]?.send("x".repeat(bytes));
            if (end) bodies[of]?.end();
            assert.ok(world.bodies.heldBytes <= 100_000);
          }
          for (const { leave } of bodies) leave();
          assert.equal(world.bodies.heldBytes, 0);
        },
      ),
    ));

  it("that grow too large are refused while they come", () => {
    const world = new World();
    const body = world.request();
    for (let i = 0; i < 70; i++) body.send("x".repeat(kibibyte));
    assert.deepEqual([body.outcome, world.bodies.heldBytes], [{ refused: "too_large" }, 0]);
  });
});
