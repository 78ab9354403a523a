import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
} from "../../../../core/manifest/quantities.ts";
import { nearest } from "../../../../core/manifest/suggest.ts";

describe("parseDuration", () => {
  for (const [text, ms] of [
    ["250ms", 250],
    ["10s", 10_000],
    ["2m", 120_000],
    ["1h30m", 5_400_000],
    ["7d", 604_800_000],
  ] as const)
    it(`reads ${text}`, () => assert.equal(parseDuration(text), ms));

  for (const text of ["", "2", "m", "2 m", "-2m", "2.5m", "2M", "2m!", "1e3s"])
    it(`refuses "${text}"`, () => assert.equal(parseDuration(text), null));

  it("reads whole seconds back as it says them", () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (seconds) =>
        assert.equal(parseDuration(formatDuration(seconds * 1_000)), seconds * 1_000),
      ),
    ));
});

describe("parseSize", () => {
  for (const [text, bytes] of [
    ["17", 17],
    ["2k", 2_000],
    ["1Ki", 1_024],
    ["256Mi", 268_435_456],
    ["1Gi", 1_073_741_824],
  ] as const)
    it(`reads ${text}`, () => assert.equal(parseSize(text), bytes));

  for (const text of ["", "Mi", "1.5Gi", "-1Ki", "1 Mi", "1MB", "999999999999999Ti"])
    it(`refuses "${text}"`, () => assert.equal(parseSize(text), null));

  it("reads back what it says", () =>
    fc.assert(fc.property(fc.nat(), (bytes) => assert.equal(parseSize(formatSize(bytes)), bytes))));
});

describe("formatDuration", () => {
  it("says durations as logs do", () => {
    assert.equal(formatDuration(120_000), "2m0s");
    assert.equal(formatDuration(10_000), "10s");
    assert.equal(formatDuration(250), "250ms");
    assert.equal(formatDuration(3_661_000), "1h1m1s");
  });
});

describe("nearest", () => {
  it("finds the word that was meant", () =>
    assert.equal(nearest("windwo", ["min", "max", "window"]), "window"));

  it("does not care for case", () =>
    assert.equal(nearest("READSPERSLAVE", ["readsPerSlave"]), "readsPerSlave"));

  it("says nothing when nothing is near", () => assert.equal(nearest("surprise", ["min", "max"]), null));

  it("finds a word that is known, whatever the others are", () =>
    fc.assert(
      fc.property(
        fc.string({ minLength: 2, maxLength: 12 }),
        fc.array(fc.string({ maxLength: 12 })),
        (word, others) => {
          assert.equal(nearest(word, [...others, word])?.toLowerCase(), word.toLowerCase());
        },
      ),
    ));
});
