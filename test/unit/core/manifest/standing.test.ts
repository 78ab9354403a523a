import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Standing, standMs } from "../../../../core/manifest/standing.ts";
import { rootDir } from "../../../../tools/cluster/settings.ts";
import { some } from "../../../support/runs.ts";

const delivered = readFileSync(join(rootDir, "manifests", "dbaas.yaml"), "utf8");
const token = (name: string, digit: string) =>
  `      - { name: ${name}, role: admin, sha256: "${digit.repeat(64)}" }\n`;
const withTokens = delivered.replace(
  "    tokens: []\n",
  `    tokens:\n${token("one", "1")}${token("two", "2")}`,
);
const tokensLast =
  delivered.replace("    tokens: []\n", "    tokens:\n") === delivered
    ? delivered
    : `${delivered.replace(/ {2}# Who may ask[\s\S]*?(?= {2}# The tables)/, "")}
  access:
    tokens:
${token("one", "1")}${token("two", "2")}`;

/** A file that is looked at twice a second, as a controller or an API that has run for a while sees it. */
class Watched {
  readonly standing = new Standing();
  nowMs = 1_000_000;
  text: string;

  constructor(text: string) {
    this.text = text;
    this.standing.look({ text, ageMs: 3_600_000 }, this.nowMs);
    assert.notEqual(this.standing.state.spec, null);
  }

  /** Writes, and lets the time pass. */
  write(text: string, ms: number): void {
    this.text = text;
    this.standing.look({ text, ageMs: 0 }, this.nowMs);
    this.pass(ms);
  }

  pass(ms: number): void {
    for (const until = this.nowMs + ms; this.nowMs < until; ) {
      this.nowMs += Math.min(500, until - this.nowMs);
      this.standing.look({ text: this.text, ageMs: 0 }, this.nowMs);
    }
  }

  get spec() {
    return this.standing.state.spec;
  }
}

describe("a manifest file that stands still", () => {
  it("counts at the first look when it was written long ago", () => {
    const standing = new Standing();
    assert.equal(standing.look({ text: delivered, ageMs: standMs.careful }, 5), null);
    assert.equal(standing.state.spec?.scaling.max, 8);
  });

  it("does not count at the first look when it was written just now: it may still be written", () => {
    for (const ageMs of [0, standMs.careful - 1, -3_600_000]) {
      const standing = new Standing();
      assert.notEqual(standing.look({ text: delivered, ageMs }, 5), null);
      assert.equal(standing.state.spec, null);
      standing.look({ text: delivered, ageMs }, 5 + standMs.careful);
      assert.notEqual(standing.state.spec, null);
    }
  });

  it("counts after a second, and says in how long it is to be looked at again", () => {
    const { standing, nowMs } = new Watched(delivered);
    const text = delivered.replace("max: 8", "max: 7");
    assert.equal(standing.look({ text, ageMs: 0 }, nowMs), 1_000);
    assert.equal(standing.look({ text, ageMs: 0 }, nowMs + 400), 600);
    assert.equal(standing.state.spec?.scaling.max, 8);
    assert.equal(standing.look({ text, ageMs: 0 }, nowMs + 1_000), null);
    assert.equal(standing.state.spec?.scaling.max, 7);
  });

  for (const [what, edit] of [
    [
      "adds a table",
      (text: string) =>
        `${text}\n      - name: t\n        primaryKey: [a]\n        columns: [{ name: a, type: text }]\n`,
    ],
    ["leaves a field out", (text: string) => text.replace(/ +max: 8.*\n/, "")],
    ["has no end to its last line", (text: string) => text.replace("max: 8", "max: 7").trimEnd()],
    [
      "takes the last tokens",
      (text: string) => text.replace(/ {4}tokens:\n( {6}- .*\n)+/, "    tokens: []\n"),
    ],
  ] as const)
    it(`counts after five seconds when it ${what}, and says so meanwhile`, () => {
      const file = new Watched(withTokens);
      const before = file.spec;
      const text = edit(withTokens);
      assert.notEqual(text, withTokens);
      file.write(text, standMs.careful - 1);
      assert.equal(file.spec, before);
      assert.match(file.standing.state.waiting ?? "", /once it has stood for 5 s/);
      file.pass(1);
      assert.notEqual(file.spec, before);
      assert.equal(file.standing.state.waiting, null);
    });

  it("refuses one token of several after a second", () => {
    const file = new Watched(withTokens);
    file.write(withTokens.replace(token("two", "2"), ""), standMs.plain);
    assert.deepEqual(
      file.spec?.access.tokens.map(({ name }) => name),
      ["one"],
    );
  });

  it("is wrong only when it stays wrong: editors empty a file before they write it", () => {
    const file = new Watched(delivered);
    file.write("", standMs.plain - 1);
    assert.equal(file.standing.state.problem, null);
    file.write("nonsense: [", standMs.plain);
    assert.match(file.standing.state.problem ?? "", /^1:/);
    file.write(delivered, standMs.plain);
    assert.deepEqual([file.standing.state.problem, file.spec?.scaling.max], [null, 8]);
  });
});

/** Where a text may be cut. */
const cuts = (text: string, every: number): readonly number[] =>
  some(Array.from({ length: Math.ceil(text.length / every) }, (_, i) => i * every));

describe("a manifest file that is written bit by bit", () => {
  for (const [what, text] of [
    ["the delivered manifest", delivered],
    ["one with tokens in its middle", withTokens],
    ["one with tokens at its end", tokensLast],
  ] as const) {
    const edited = `${text.replace("max: 8", "max: 6")}`;

    it(`is never taken up in between, however it is cut: ${what}`, () => {
      const file = new Watched(text);
      const before = file.spec;
      for (const end of cuts(edited, 1)) {
        file.write(edited.slice(0, end), end % 3 === 0 ? standMs.plain - 1 : 7);
        assert.equal(file.spec, before, `after ${end} characters`);
      }
      file.write(edited, standMs.plain);
      assert.equal(file.spec?.scaling.max, 6);
      assert.deepEqual(file.spec?.database, before?.database);
      assert.deepEqual(file.spec?.access, before?.access);
    });

    it(`is not taken up when the writer pauses for seconds, where something is missing: ${what}`, () => {
      const file = new Watched(text);
      const before = file.spec;
      // The last characters of a text say little more: what is missing there are comments and line ends.
      for (const end of cuts(edited.slice(0, -40), 11)) {
        file.write(edited.slice(0, end), standMs.careful - 1);
        assert.equal(file.spec, before, `after ${end} characters`);
      }
    });
  }

  it("does not open the door of a program that starts meanwhile", () => {
    for (const end of cuts(tokensLast, 5)) {
      const standing = new Standing();
      for (let nowMs = 0; nowMs < standMs.careful; nowMs += 500)
        standing.look({ text: tokensLast.slice(0, end), ageMs: nowMs }, 77_000 + nowMs);
      assert.equal(standing.state.spec, null);
    }
  });
});
