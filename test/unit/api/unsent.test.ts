import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Outgoing, Unsent } from "../../../api/http/unsent.ts";
import { systemClock } from "../../../platform/process/clock.ts";

class Answer implements Outgoing {
  writableLength = 0;
  #onClose: () => void = () => undefined;
  readonly socket = {
    destroyed: false,
    destroy: () => {
      this.socket.destroyed = true;
      this.finish();
    },
  };
  readonly req = { socket: this.socket };

  once(_event: "close", listener: () => void) {
    this.#onClose = listener;
  }

  finish() {
    this.writableLength = 0;
    this.#onClose();
  }
}

function world() {
  const clock = { ...systemClock, ms: 0, monotonicMs: () => clock.ms };
  const unsent = new Unsent({ unsentBytesMax: 1_000, unsentLargeBytes: 100, unsentWithinMs: 60_000 }, clock);
  /** @returns null when there is no room */
  const answer = (bytes: number) => {
    const one = new Answer();
    if (!unsent.admit(one, bytes)) return null;
    one.writableLength = bytes;
    return one;
  };
  const given = (answers: readonly (Answer | null)[]) =>
    answers.map((one) => (one === null ? "refused" : one.socket.destroyed ? "given up" : "kept"));
  return { clock, unsent, answer, given };
}

describe("answers that are not taken", () => {
  it("are bounded in bytes: one more is refused while the others are young", () => {
    const { unsent, answer, given } = world();
    const answers = [answer(300), answer(300), answer(300)];
    assert.deepEqual(given(answers), ["kept", "kept", "refused"]);
    assert.equal(unsent.bytes, 600);
  });

  it("leave the last quarter to small ones", () => {
    const { answer, given } = world();
    const answers = [answer(750), answer(100), answer(99), answer(99), answer(99)];
    assert.deepEqual(given(answers), ["kept", "refused", "kept", "kept", "refused"]);
  });

  it("give way to others once they are older than a second, those that hold most for longest first", () => {
    const { clock, answer, given } = world();
    const slow = [answer(200), answer(250), answer(250)];
    clock.ms = 500;
    slow.push(answer(50));
    clock.ms = 1_500;
    const next = answer(240);
    assert.deepEqual(given([...slow, next]), ["kept", "given up", "kept", "kept", "kept"]);
  });

  it("count as what is left of them", () => {
    const { answer, given } = world();
    const read = answer(700);
    if (read !== null) read.writableLength = 10;
    assert.deepEqual(given([read, answer(700)]), ["kept", "kept"]);
  });

  it("are given up after their time, unless nothing of them waits", () => {
    const { clock, unsent, answer, given } = world();
    const slow = answer(100);
    const stream = answer(100);
    if (stream !== null) stream.writableLength = 0;
    clock.ms = 59_000;
    unsent.sweep();
    if (stream !== null) stream.writableLength = 50;
    clock.ms = 60_001;
    unsent.sweep();
    assert.deepEqual(given([slow, stream]), ["given up", "kept"]);
  });

  it("leave nothing behind, also where only their connection ended", () => {
    const { unsent, answer, given } = world();
    const answers = [answer(400), answer(300)];
    answers[0]?.finish();
    if (answers[1]) answers[1].socket.destroyed = true;
    unsent.sweep();
    assert.equal(unsent.bytes, 0);
    assert.deepEqual(given([answer(750)]), ["kept"]);
  });
});
