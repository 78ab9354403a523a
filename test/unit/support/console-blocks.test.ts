import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mismatch, sectionsIn } from "../../support/console-blocks.ts";

const fence = "```";

describe("sectionsIn", () => {
  it("finds the commands of each section with what they print, and where they stand", () => {
    const text = `# Title\n\n## First\n\nWords.\n\n${fence}console\n$ one\nprints\n\nmore\n$ two \\\n> three\n${fence}\n\n## Words only\n\n## Second\n${fence}console root\n$ four\n${fence}\n`;
    assert.deepEqual(sectionsIn(text), [
      {
        title: "First",
        blocks: [
          {
            root: false,
            commands: [
              { line: 8, text: "one", expected: ["prints", "", "more"] },
              { line: 12, text: "two \\\nthree", expected: [] },
            ],
          },
        ],
      },
      { title: "Second", blocks: [{ root: true, commands: [{ line: 20, text: "four", expected: [] }] }] },
    ]);
  });

  it("leaves other blocks alone, also when they hold headings and commands", () =>
    assert.deepEqual(sectionsIn(`## A\n${fence}sh\n## no heading\n$ no command\n${fence}\n`), []));

  it("refuses blocks that would be executed in another way than they are read", () => {
    assert.throws(() => sectionsIn(`## A\n${fence}console\n$ one\n`), /line 2: this block does not end/);
    assert.throws(() => sectionsIn(`## A\n${fence}console\n${fence}`), /line 2: this block has no command/);
    assert.throws(() => sectionsIn(`## A\n${fence}console\nprinted\n${fence}`), /line 3: .* after a \$/);
  });
});

describe("mismatch", () => {
  const same = (expected: string, output: string) =>
    assert.equal(mismatch(expected.split("\n"), output), null, `${expected} | ${output}`);
  const other = (expected: string, output: string, why: RegExp) =>
    assert.match(mismatch(expected === "" ? [] : expected.split("\n"), output) ?? "nothing", why);

  it("compares line by line, whatever the width of columns", () => {
    same("NAME  STATE\nw-1   master", "NAME     STATE\nw-1      master  \n");
    same("", "\n");
  });

  it("lets … stand for a part of a line", () => {
    same("w-… master … 0", "w-12 master 4711 9 0");
    same("…", "");
  });

  it("lets … alone stand for any number of lines", () => {
    same("first\n…\nlast", "first\nlast");
    same("first\n…\nlast", "first\n1\n2\nlast");
    same("…\nlast", "1\n2\nlast");
    same("first\n…", "first\n1\n2");
  });

  it("takes nothing else for a pattern", () => {
    same("a.*(b)? [c] {d} 1|2 ^$ \\", "a.*(b)? [c] {d} 1|2 ^$ \\");
    other("a.c", "abc", /expected: a\.c/);
  });

  it("tells the first line that is missing, and what is too much", () => {
    other("first\nlast", "first\nother", /^expected: last$/);
    other("first\n…\nlast", "first\nother", /^expected: last$/);
    other("first", "first\nmore", /^not expected: more$/);
    other("", "something", /^not expected: something$/);
    other("…\nlast", "last\nmore", /^not expected: more$/);
  });
});
