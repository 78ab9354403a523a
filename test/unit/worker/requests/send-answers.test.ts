import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parts } from "../../../../worker/requests/deliveries.ts";

const answer = (index: number, bytes: number) => ({
  index,
  ok: true,
  position: 1,
  body: Buffer.alloc(bytes, "x"),
});
const indexes = (some: ReturnType<typeof parts>) => some.map((part) => part.map(({ index }) => index));

describe("answers in messages", () => {
  it("small ones travel together, in order", () => {
    assert.deepEqual(indexes(parts([answer(0, 3), answer(1, 3), answer(2, 4)], 10)), [[0, 1, 2]]);
  });
  it("no message holds more than it may", () => {
    assert.deepEqual(indexes(parts([answer(0, 6), answer(1, 6), answer(2, 4), answer(3, 1)], 10)), [
      [0],
      [1, 2],
      [3],
    ]);
  });
  it("an answer that is too large by itself travels alone", () => {
    assert.deepEqual(indexes(parts([answer(0, 1), answer(1, 20), answer(2, 1)], 10)), [[0], [1], [2]]);
  });
  it("no answers are no message", () => {
    assert.deepEqual(parts([], 10), []);
  });
});
