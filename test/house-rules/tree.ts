// PURE. The files of the repository, or of a planted one, as the house rules see them: a path and a text each.

/** Path from the root, with slashes, to text. */
export type Tree = ReadonlyMap<string, string>;

/** What one rule has found. `line` counts from 1. */
export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly problem: string;
  readonly remedy: string;
}

export const wordsOf = ({ file, line, problem, remedy }: Violation): string =>
  `${file}:${line}: ${problem}; ${remedy}`;

/** `left` are problems that are known, as `file: problem`. One that is gone is a violation as well: its line must go. */
export function excepting(violations: readonly Violation[], left: readonly string[]): readonly Violation[] {
  const keys = violations.map(({ file, problem }) => `${file}: ${problem}`);
  const mended = left.filter((one) => !keys.includes(one));
  return [
    ...violations.filter((_, index) => !left.includes(keys[index] ?? "")),
    ...mended.map((one) => {
      const problem = `"${one}" is mended`;
      return { file: "test/house-rules/exceptions.ts", line: 1, problem, remedy: "remove it from its table" };
    }),
  ];
}

/** The lines of a text with their numbers. */
export function* numbered(text: string): Generator<readonly [line: number, text: string]> {
  let line = 0;
  for (const content of text.split("\n")) yield [++line, content];
}
