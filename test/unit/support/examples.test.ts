import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { examplesIn, printedBy, stepsIn } from "../../support/examples.ts";

const block = (kind: string, ...lines: readonly string[]) => [`\`\`\`${kind}`, ...lines, "```"].join("\n");
const only = (markdown: string) => examplesIn(markdown)[0] ?? assert.fail("there is none");

describe("the examples of a document", () => {
  it("are its blocks, with the title above them and why they are not executed", () => {
    const markdown = [
      "# All",
      block("sh", "a"),
      "## One",
      "<!-- not executed: too slow -->",
      block("ts", "b"),
    ];
    assert.deepEqual(
      examplesIn(markdown.join("\n")).map(({ line, kind, section, left }) => [line, kind, section, left]),
      [
        [2, "sh", "", undefined],
        [7, "ts", "One", "too slow"],
      ],
    );
  });

  it("are refused where a block does not end, or a mark has none", () => {
    assert.throws(() => examplesIn("```sh\na"), /line 1: this block does not end/);
    assert.throws(() => examplesIn("<!-- not executed: why -->\n\n```sh\n```"), /line 1: no block/);
    assert.equal(only(`<!-- not executed: -->\n${block("sh", "a")}`).left, undefined);
  });
});

describe("an example", () => {
  it("of commands has the lines behind each that must come of it", () =>
    assert.deepEqual(
      stepsIn(only(block("sh", "a 'b", "c'  # a remark", "# one", "#   two", "", "d", "# three"))),
      [
        { line: 2, text: "a 'b\nc'  # a remark", expected: ["one", "  two"] },
        { line: 7, text: "d", expected: ["three"] },
      ],
    ));

  it("of statements has them behind --", () =>
    assert.deepEqual(stepsIn(only(block("sql", "SELECT", "  1;", "-- 1 row"))), [
      { line: 2, text: "SELECT\n  1;", expected: ["1 row"] },
    ]));

  it("of a program prints what stands behind its console.log", () =>
    assert.deepEqual(
      printedBy(
        only(
          block(
            "ts",
            "f(); // a remark",
            "console.log(a); // 1",
            "console.log(b);",
            "// 2",
            "// 3",
            "g();",
            "// no answer",
          ),
        ),
      ),
      ["1", "2", "3"],
    ));

  it("is refused where it is not said what comes of it", () => {
    assert.throws(
      () => stepsIn(only(block("sh", "a", "# 1", "b"))),
      /line 4: it is not said what comes of it/,
    );
    assert.throws(() => stepsIn(only(block("sql", "-- 1"))), /line 2: an answer stands before what it is of/);
    assert.throws(
      () => printedBy(only(block("ts", "console.log(a); // 1", "console.log(b);"))),
      /line 3: it is not said/,
    );
    assert.throws(() => printedBy(only(block("ts", "f();"))), /line 1: the program prints nothing/);
  });
});
