// "Did you mean": the known word nearest to a mistyped one.
import { distance } from "fastest-levenshtein";

const wordLengthMax = 64;

/** @returns null when nothing is near enough to be meant */
export function nearest(word: string, known: readonly string[]): string | null {
  if (word.length > wordLengthMax) return null;
  const folded = word.toLowerCase();
  const ranked = known
    .map((candidate) => ({ candidate, edits: distance(folded, candidate.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  const editsMax = Math.min(word.length - 1, Math.max(2, Math.floor(word.length / 3)));
  return best !== undefined && best.edits <= editsMax ? best.candidate : null;
}

/** ` (did you mean `x`?)`, or nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === null ? "" : ` (did you mean \`${meant}\`?)`;
}
