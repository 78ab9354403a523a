import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { indented } from "../../../dashboard/docs/indented.ts";
import { keptIn } from "../../../dashboard/feed/kept.ts";

const refused = (): never => {
  throw new Error("SecurityError");
};

describe("what a page keeps", () => {
  it("is in the browser's storage", () => {
    const stored = new Map<string, string>();
    const storage = {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => void stored.set(key, value),
    };
    keptIn(() => storage, "a").set("1");
    assert.equal(keptIn(() => storage, "a").get(), "1");
    assert.equal(keptIn(() => storage, "b").get(), null);
  });

  for (const [what, storage] of [
    ["is not allowed", refused],
    ["takes nothing", () => ({ getItem: () => "old", setItem: refused })],
    ["gives nothing", () => ({ getItem: refused, setItem: refused })],
  ] as const)
    it(`is remembered by the page where a storage ${what}`, () => {
      const kept = keptIn(storage, "a");
      kept.get();
      kept.set("1");
      assert.equal(kept.get(), "1");
    });
});

describe("an answer on the page of the API", () => {
  it("is laid out as JavaScript does it", () =>
    fc.assert(
      fc.property(fc.jsonValue(), (value) =>
        assert.equal(indented(JSON.stringify(value)), JSON.stringify(value, null, 2)),
      ),
    ));

  it("keeps every digit, and what is not JSON as it is", () => {
    assert.equal(indented("[9007199254740993,1e400]"), "[\n  9007199254740993,\n  1e400\n]");
    assert.equal(indented("no answer {"), "no answer {");
  });
});
