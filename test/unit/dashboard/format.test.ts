import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  age,
  capital,
  count,
  duration,
  plural,
  rate,
  remaining,
  sentence,
  spaced,
} from "../../../dashboard/model/format.ts";

describe("numbers for people", () => {
  it("are short", () => {
    assert.deepEqual([0, 7, 1_240, 12_400, 124_000, 3_100_000].map(count), [
      "0",
      "7",
      "1,240",
      "12.4k",
      "124k",
      "3.1M",
    ]);
    assert.deepEqual([0, 0.4, 9.94, 12.4].map(rate), ["0", "0.4", "9.9", "12"]);
  });

  it("have the unit that suits them", () => {
    assert.deepEqual([0.42, 8.14, 120.4, 999.6, 1_800, 59_000, 125_000].map(duration), [
      "0.42 ms",
      "8.1 ms",
      "120 ms",
      "1.0 s",
      "1.8 s",
      "59 s",
      "2 min 5 s",
    ]);
    assert.deepEqual([-5, 900, 61_000, 120_000].map(remaining), ["0:00", "0:01", "1:01", "2:00"]);
    assert.deepEqual([500, 12_000, 300_000, 7_200_000, 200_000_000].map(age), [
      "now",
      "12 s",
      "5 min",
      "2 h",
      "2 d",
    ]);
  });

  it("count in words", () => {
    assert.equal(plural(1, "slave"), "1 slave");
    assert.equal(plural(0, "slave"), "0 slaves");
  });
});

describe("words from the controller", () => {
  it("become sentences, and names stay names", () => {
    assert.equal(sentence("a master, 2 of 2 slaves ready"), "A master, 2 of 2 slaves ready.");
    assert.equal(sentence("Done."), "Done.");
    assert.equal(sentence(""), "");
    assert.equal(capital("w-1 (pid 20) is master"), "w-1 (pid 20) is master");
    assert.equal(spaced("StartWorker"), "start worker");
  });
});
