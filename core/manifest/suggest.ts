// "Did you mean": the known word nearest to a mistyped one.

/** Edits (insert, delete, replace) that turn one word into the other. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

const wordLengthMax = 64;

/** @returns null when nothing is near enough to be meant */
export function nearest(word: string, known: readonly string[]): string | null {
  if (word.length > wordLengthMax) return null;
  const folded = word.toLowerCase();
  const ranked = known
    .map((candidate) => ({ candidate, edits: editDistance(folded, candidate.toLowerCase()) }))
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
