import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { ClosingCounts } from "../../support/closing-counts.ts";

const said = (message: string, nesting = 0): TestEvent =>
  ({ type: "test:diagnostic", data: { message, nesting } }) as TestEvent;

describe("the closing counts", () => {
  it("of all processes are added up, but not their times", () => {
    const counts = new ClosingCounts();
    const ends = ["tests 3", "fail 0", "duration_ms 20.5", "tests 4", "fail 2", "duration_ms 7.1"];
    for (const end of ends) assert.equal(counts.take(said(end)), true);
    assert.deepEqual(
      counts.events(24.5),
      ["tests 7", "fail 2", "duration_ms 24.5"].map((message) => said(message)),
    );
  });

  it("are not what a test says of itself", () => {
    const counts = new ClosingCounts();
    for (const event of [
      said("tests 3", 1),
      said("tests are good"),
      { ...said("pass 1"), type: "test:pass" } as TestEvent,
    ])
      assert.equal(counts.take(event), false);
    assert.deepEqual(counts.events(1), []);
  });
});
