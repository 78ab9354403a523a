// The rules on documents find what they are for, and exceptions hide no more than they name.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { brokenLinks, missingPaths, unknownTests } from "../../house-rules/documents.ts";
import { excepting, type Violation, wordsOf } from "../../house-rules/tree.ts";
import { planted, problems, sourcesOf } from "./planted.ts";

describe("documents", () => {
  it("link only to files and headings that exist", () => {
    const tree = planted({
      "docs/a.md":
        "[ok](../core/a.ts) [ok](b.md#what-it-is) [web](https://example.org/x)\n[bad](c.md)\n[bad](b.md#gone)\n[bad](#gone)\n",
      "docs/b.md": "# What it *is*\n",
      "core/a.ts": "",
    });
    assert.deepEqual(problems(brokenLinks(tree)), [
      "docs/a.md:2: the link leads to docs/c.md, which does not exist",
      "docs/a.md:3: docs/b.md has no heading for #gone",
      "docs/a.md:4: docs/a.md has no heading for #gone",
    ]);
  });

  it("and comments name only paths that exist", () => {
    const tree = planted({
      "docs/a.md": "`core/a.ts` `a.ts` `core/` `core/*.ts` `x/y` `GET /a.ts` `core/gone.ts` `gone.ts`\n",
      "core/a.ts": "// See `a.ts` and `core/b.ts`.\nconst a = `core/c.ts`;\n",
      "deploy/a.sh": "# `deploy/b.sh`\n",
    });
    assert.deepEqual(problems(missingPaths(tree, {})), [
      "docs/a.md:1: there is no `core/gone.ts`",
      "docs/a.md:1: there is no `gone.ts`",
      "core/a.ts:1: there is no `core/b.ts`",
      "deploy/a.sh:1: there is no `deploy/b.sh`",
    ]);
    assert.equal(missingPaths(tree, { "gone.ts": "an example" }).length, 3);
  });

  it("name only tests that exist, in full", () => {
    const tree = planted({
      "docs/a.md":
        "Not *here*.\n| 1 | *a slave leaves*; *it is killed*; *a slave is killed*; *is cut off from the broker, and comes back* |\n| 2 | *a slave*; *a gone one*; *is cut off from the broker* |\n",
    });
    const sources = sourcesOf({
      "test/a.test.ts": `describe("a slave", () => {\n  it("leaves", () => {});\n  it(\`is killed\`, () => {});\n  it(\`is cut off from \${what}, and comes back\`, () => {});\n});\n`,
    });
    assert.deepEqual(problems(unknownTests(tree, sources, "docs/a.md")), [
      `docs/a.md:2: no test is called "it is killed"`,
      `docs/a.md:3: no test is called "a gone one"`,
      `docs/a.md:3: no test is called "is cut off from the broker"`,
    ]);
  });
});

describe("exceptions", () => {
  it("hide only what they name, and must go with it", () => {
    const found: readonly Violation[] = [{ file: "a.ts", line: 3, problem: "p", remedy: "r" }];
    assert.deepEqual(excepting(found, ["a.ts: p"]), []);
    assert.deepEqual(excepting(found, ["a.ts: q"]).map(wordsOf), [
      "a.ts:3: p; r",
      `test/house-rules/exceptions.ts:1: "a.ts: q" is mended; remove it from its table`,
    ]);
  });
});
