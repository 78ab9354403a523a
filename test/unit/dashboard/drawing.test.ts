import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { areaPath, linePath, niceMax } from "../../../dashboard/draw/chart-path.ts";
import { type Box, gridFor, layoutOf } from "../../../dashboard/draw/layout.ts";
import { flowOf, still } from "../../../dashboard/model/flow.ts";

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

const inside = (inner: Box, outer: Box): boolean =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width + 0.01 &&
  inner.y + inner.height <= outer.y + outer.height + 0.01;

describe("the layout", () => {
  for (const mode of ["wide", "narrow"] as const)
    it(`${mode}: nothing covers anything else, for any number of slaves`, () => {
      for (let places = 0; places <= 64; places++) {
        const { parts, slaves, width, height } = layoutOf(mode, places);
        const all = Object.values(parts);
        const page = { x: 0, y: 0, width, height };
        for (const [i, part] of all.entries()) {
          assert.ok(inside(part, page), `part ${i} is on the page`);
          for (const other of all.slice(i + 1))
            assert.ok(!overlap(part, other), `${places} slaves: parts overlap`);
        }
        assert.equal(slaves.length, places);
        for (const [i, cell] of slaves.entries()) {
          assert.ok(inside(cell, parts.slaves), `slave ${i} of ${places} is in its frame`);
          assert.ok(cell.width > 15 && cell.height > 10, `slave ${i} of ${places} can be seen`);
          for (const other of slaves.slice(i + 1)) assert.ok(!overlap(cell, other));
        }
      }
    });

  it("has room for everybody in its grid", () => {
    for (let places = 1; places <= 64; places++) {
      const { columns, rows } = gridFor(places);
      assert.ok(columns * rows >= places);
    }
  });

  it("draws the way of reads, writes, replication and answers in both", () => {
    for (const mode of ["wide", "narrow"] as const) {
      const ids = layoutOf(mode, 2).edges.map(({ id }) => id);
      for (const id of [
        "api-readQ",
        "readQ-slaves",
        "api-writeQ",
        "writeQ-master",
        "master-syncQ",
        "syncQ-slaves",
        "responseQ-api",
      ])
        assert.ok(ids.includes(id), `${mode} has ${id}`);
    }
  });
});

describe("a chart's lines", () => {
  const range = { endMs: 10_000, spanMs: 10_000, max: 10 };

  it("run from left to right, larger values higher", () => {
    const samples = [
      { atMs: 0, value: 0 },
      { atMs: 5_000, value: 10 },
      { atMs: 10_000, value: 5 },
    ];
    assert.equal(linePath(samples, range), "M0 100L300 0L600 50");
    assert.equal(areaPath(samples, range), "M0 100L300 0L600 50L600 100L0 100Z");
  });

  it("are interrupted where nothing was measured", () => {
    const samples = [
      { atMs: 0, value: 5 },
      { atMs: 2_000, value: 5 },
      { atMs: 4_000, value: null },
      { atMs: 10_000, value: 5 },
    ];
    assert.equal(linePath(samples, range), "M0 50L120 50M600 50h0.1");
  });

  it("leave out what is too old, and stay within the drawing", () => {
    assert.equal(linePath([{ atMs: -5_000, value: 5 }], range), "");
    assert.equal(linePath([{ atMs: 10_000, value: 99 }], range), "M600 0h0.1");
  });

  it("have scales that end at readable values", () => {
    assert.deepEqual(
      [0, 3, 7, 12, 49, 51, 900, 0.2].map((value) => niceMax(value, 0.1)),
      [0.1, 5, 10, 20, 50, 100, 1_000, 0.2],
    );
    assert.equal(niceMax(1, 5), 5);
  });
});

describe("the dots on a line", () => {
  it("stand still without traffic and get faster with it, within calm bounds", () => {
    assert.deepEqual(flowOf(0), still);
    const speeds = [0.1, 1, 10, 100, 1_000, 100_000].map((rate) => flowOf(rate).speed);
    assert.deepEqual(
      speeds,
      [...speeds].sort((a, b) => a - b),
    );
    assert.ok(speeds.every((speed) => speed > 0 && speed <= 2));
  });
});
