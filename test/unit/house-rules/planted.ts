// Small trees in which a rule of the house is broken.
import { parseSources, type Source } from "../../house-rules/syntax.ts";
import type { Tree, Violation } from "../../house-rules/tree.ts";

export const planted = (files: Readonly<Record<string, string>>): Tree => new Map(Object.entries(files));

export const sourcesOf = (files: Readonly<Record<string, string>>): readonly Source[] =>
  parseSources(planted(files));

export const problems = (found: readonly Violation[]): readonly string[] =>
  found.map(({ file, line, problem }) => `${file}:${line}: ${problem}`);
