import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { watchLink } from "../../../../platform/rabbitmq/link.ts";

/** A broker whose answers and whose taking of bytes are set by hand, over seconds that pass at once. */
function link(t: TestContext) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const state = { answers: true, bytes: 0, questions: 0, silence: "", blocked: false };
  const ended = new AbortController();
  t.after(() => ended.abort());
  watchLink({
    ended: ended.signal,
    blocked: () => state.blocked,
    ask: () => {
      state.questions += 1;
      return state.answers ? Promise.resolve() : new Promise(() => undefined);
    },
    traffic: () => state.bytes,
    onSilence: (error) => {
      state.silence ||= error.message;
    },
  });
  const pass = async (seconds: number, bytesEach = 0) => {
    for (let i = 0; i < seconds && state.silence === ""; i++) {
      state.bytes += bytesEach;
      t.mock.timers.tick(1_000);
      await Promise.resolve();
    }
  };
  return { state, pass };
}

describe("the watch over the connection to the broker", () => {
  it("asks every second at least while it is answered", async (t) => {
    const { state, pass } = link(t);
    await pass(60);
    assert.equal(state.silence, "");
    assert.ok(state.questions >= 60);
  });

  it("ends a connection on which nothing is answered and nothing leaves", async (t) => {
    const { state, pass } = link(t);
    state.answers = false;
    await pass(4);
    assert.match(state.silence, /no answer within 3000 ms/);
  });

  it("keeps one whose question waits behind large messages that are leaving", async (t) => {
    const { state, pass } = link(t);
    state.answers = false;
    await pass(20, 1_000_000);
    assert.equal(state.silence, "");
    await pass(4);
    assert.match(state.silence, /no answer/);
  });

  it("does not keep it for ever", async (t) => {
    const { state, pass } = link(t);
    state.answers = false;
    await pass(60, 1);
    assert.match(state.silence, /no answer within 30000 ms/);
  });

  it("asks nothing of a broker that is short of memory", async (t) => {
    const { state, pass } = link(t);
    state.blocked = true;
    await pass(10);
    assert.equal(state.questions, 0);
  });
});
