import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { editManifest } from "../../../../core/manifest/edit.ts";
import { ManifestError } from "../../../../core/manifest/manifest.ts";
import { parseManifest } from "../../../../core/manifest/parse.ts";
import { runs } from "../../../support/runs.ts";

const text = readFileSync(
  fileURLToPath(new URL("../../../../manifests/dbaas.yaml", import.meta.url)),
  "utf8",
);

const head = "apiVersion: dbaas.rideshare/v1\nkind: Database\nmetadata: { name: x }\n";

describe("editManifest", () => {
  it("changes the value alone: every other character stays, comments and all", () =>
    assert.equal(
      editManifest(text, { min: 2, baseline: 3, paused: true }),
      text
        .replace("paused: false", "paused: true")
        .replace("baseline: 1 #", "baseline: 3 #")
        .replace("min: 1 #", "min: 2 #"),
    ));

  it("says what it was asked to say, whatever is asked", () =>
    fc.assert(
      fc.property(fc.tuple(...[1, 2, 3].map(() => fc.integer({ min: 1, max: 64 }))), (numbers) => {
        const [min = 1, baseline = 1, max = 1] = [...numbers].sort((a, b) => a - b);
        const { scaling } = parseManifest(editManifest(text, { min, baseline, max })).spec;
        assert.deepEqual([scaling.min, scaling.baseline, scaling.max], [min, baseline, max]);
      }),
      { numRuns: runs(100) },
    ));

  it("takes the baseline along when a bound passes it, and leaves it alone when it is within", () => {
    const scaled = (edit: Parameters<typeof editManifest>[1], from = text) => {
      const { min, baseline, max } = parseManifest(editManifest(from, edit)).spec.scaling;
      return [min, baseline, max];
    };
    assert.deepEqual(scaled({ min: 2 }), [2, 2, 8]);
    assert.deepEqual(scaled({ max: 3 }), [1, 1, 3]);
    assert.deepEqual(scaled({ max: 3 }, editManifest(text, { baseline: 5 })), [1, 3, 3]);
  });

  for (const [what, spec] of [
    ["there is no such field", "spec:\n  # about scaling\n  scaling: # here\n    max: 5 # five\n"],
    ["there is no scaling", "spec:\n  # about pausing\n  paused: false # no\n"],
    ["scaling is empty", "spec:\n  scaling:\n"],
    ["the spec is empty", "spec:\n"],
    ["the field is empty in a mapping on one line", "spec: { scaling: { min: 1, max: 4 }, paused: false }\n"],
  ] as const)
    it(`adds the value when ${what}, and keeps the comments`, () => {
      const edited = editManifest(head + spec, { min: 2, baseline: 2, paused: true });
      const { scaling, paused } = parseManifest(edited).spec;
      assert.deepEqual([scaling.min, paused], [2, true]);
      for (const [comment] of spec.matchAll(/# .*/g)) assert.ok(edited.includes(comment), comment);
    });

  it("refuses an edit that would make the manifest wrong, with line and column", () =>
    assert.throws(
      () => editManifest(text, { min: 9 }),
      (error) =>
        error instanceof ManifestError && error.problems.some(({ path }) => path === "spec.scaling.max"),
    ));

  it("corrects a value that is wrong", () => {
    const wrong = text.replace("max: 8", "max: 0");
    assert.equal(parseManifest(editManifest(wrong, { max: 3 })).spec.scaling.max, 3);
  });

  it("refuses a text that is no YAML", () =>
    assert.throws(() => editManifest("a: [", { min: 1 }), ManifestError));
});
