import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { cutTo, visible, visibleJson, visibleLines, widthOf } from "../../../cli/display.ts";
import { forMachines } from "../../../cli/output.ts";
import { table } from "../../../cli/table.ts";
import { parseYaml } from "../../../core/manifest/yaml.ts";
import { anyCharacter } from "../../support/characters.ts";

/** Nothing yet, and kept by Unicode for characters that are not shown. */
const reserved = ["\u2065", "\ufff0", "\ufff8", "\u{e0080}", "\u{e0fff}"] as const;
const pieces = fc.constantFrom(
  "a",
  "é",
  "e\u0301",
  "日",
  "한",
  "ｶ",
  "Ａ",
  "😀",
  "👩‍👩‍👧",
  "❤️",
  "🇮🇳",
  "\u202e",
  "\u009b",
  "\u001b[31m",
  "\n",
  "\u2028",
  "\ud800",
  "\ufeff",
  "\u{e0041}",
  ...reserved,
  "ا",
  " ",
  "…",
);
const texts = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 120 }),
  fc.array(pieces, { maxLength: 120 }).map((all) => all.join("")),
);
/** All that must not reach a terminal: it moves the cursor, turns the direction, or is half a character. */
const steering =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u00ad\u061c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufff8]|[\u{e0000}-\u{e00ff}]|[\u{e01f0}-\u{e0fff}]/u;

describe("texts on a terminal", () => {
  for (const [text, width] of [
    ["abc", 3],
    ["日本語", 6],
    ["한국", 4],
    ["ｶﾀｶﾅ", 4],
    ["ＡＢ", 4],
    ["e\u0301tude", 5],
    ["😀😀", 4],
    ["👩‍👩‍👧", 2],
    ["❤️", 2],
    ["🇮🇳", 2],
    ["naïve…", 6],
    ["", 0],
  ] as const)
    it(`take ${width} columns: ${text}`, () => assert.equal(widthOf(text), width));

  it("hold nothing that steers it", () =>
    fc.assert(
      fc.property(texts, (text) => {
        assert.doesNotMatch(visible(text), steering);
        assert.doesNotMatch(visibleLines(text).replace(/[\n\t]/g, ""), steering);
      }),
      { examples: reserved.map((one): [string] => [one]) },
    ));

  it("keep what joins letters or selects the form of one", () => {
    for (const text of ["می\u200cخواهم", "👩‍👩‍👧", "❤\ufe0e", "❤\ufe0f", "葛\u{e0100}", "ᠠ\u180b"])
      assert.equal(visible(text), text);
  });

  it("are the same JSON when what steers it is escaped", () =>
    fc.assert(
      fc.property(fc.dictionary(texts, texts), (value) => {
        const shown = visibleJson(JSON.stringify(value, null, 2));
        assert.doesNotMatch(shown.replaceAll("\n", ""), steering);
        assert.deepEqual(JSON.parse(shown), JSON.parse(JSON.stringify(value)));
      }),
      { examples: reserved.map((one): [Record<string, string>] => [{ [one]: "", "": one }]) },
    ));

  it("are the same YAML when what steers it is escaped", () =>
    fc.assert(
      fc.property(fc.dictionary(texts, fc.oneof(texts, fc.array(texts))), (value) => {
        const shown = forMachines(value, "yaml") ?? "";
        assert.doesNotMatch(shown.replaceAll("\n", ""), steering);
        assert.deepEqual(parseYaml(shown).value, JSON.parse(JSON.stringify(value)));
      }),
      {
        examples: [
          [{ "": " \n" }],
          ...reserved.map((one): [Record<string, string>] => [{ [one]: "", "": one }]),
        ],
      },
    ));

  it("are cut between characters, and never longer than asked for", () =>
    fc.assert(
      fc.property(texts.map(visible), fc.integer({ min: 2, max: 90 }), (text, columns) => {
        const cut = cutTo(text, columns);
        assert.ok(widthOf(cut) <= columns);
        assert.ok(cut === text || (cut.endsWith("…") && text.startsWith(cut.slice(0, -1))));
        assert.doesNotMatch(cut, /\p{Cs}/u);
      }),
    ));

  it("do not shift the columns of a table, whatever they hold", () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(texts, texts), { minLength: 1, maxLength: 6 }), (rows) => {
        const printed = table(
          ["A", "B", "LAST"],
          rows.map((row) => [...row, "#"]),
        );
        const lines = printed.trimEnd().split("\n").slice(1);
        assert.equal(lines.length, rows.length);
        assert.equal(new Set(lines.map((line) => widthOf(line))).size, 1, printed);
        for (const line of lines) assert.ok(line.endsWith("  #") && !steering.test(line));
      }),
    ));
});
