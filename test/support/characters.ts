// Any character, for texts in properties. The unit "binary" of fast-check would first make a table of all million of them, which takes a
// process longer than most tests.
import fc from "fast-check";

/** Halves of a pair stand in the middle of the code points, and are no characters. */
const halves = { first: 0xd800, count: 0x800 } as const;
const charactersCount = 0x110000 - halves.count;

const characterAt = (index: number): string =>
  String.fromCodePoint(index < halves.first ? index : index + halves.count);

/** With it, fast-check also tries the texts that are known to make trouble. */
function indexOf(character: unknown): number {
  const code = typeof character === "string" ? (character.codePointAt(0) ?? 0) : 0;
  const index = code < halves.first ? code : code - halves.count;
  if (index < 0 || characterAt(index) !== character) throw new Error("not one character");
  return index;
}

export const anyCharacter = fc.nat(charactersCount - 1).map(characterAt, indexOf);
