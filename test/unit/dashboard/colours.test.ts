// Every colour of text can be read on every ground it stands on, in both schemes: a contrast of at least 4.5 to 1.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";

const sheet = readFileSync(new URL("../../../dashboard/static/style/tokens.css", import.meta.url), "utf8");

const pairs = new Map(
  [...sheet.matchAll(/--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)].map(
    ([, name = "", light = "", dark = ""]) => [name, { light, dark }] as const,
  ),
);

const texts = ["ink", "ink-soft", "ink-faint", "reads", "writes", "sync", "good", "busy", "bad"];
const grounds = ["page", "card", "sunken", "raised"];

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

describe("the dashboard's colours", () => {
  for (const scheme of ["light", "dark"] as const)
    it(`can be read in the ${scheme} scheme`, () => {
      const poor = texts.flatMap((text) =>
        grounds.flatMap((ground) => {
          const [a, b] = [pairs.get(text)?.[scheme], pairs.get(ground)?.[scheme]];
          assert.ok(a !== undefined && b !== undefined, `${text} on ${ground}`);
          const ratio = contrast(a, b);
          return ratio < 4.5 ? [`${text} on ${ground}: ${ratio.toFixed(2)}`] : [];
        }),
      );
      assert.deepEqual(poor, []);
    });
});
