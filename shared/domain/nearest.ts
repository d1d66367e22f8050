/** Names that a refusal tells. */
const TOLD_MAX = 5;

/** The names nearest to what was asked for by edit distance, at most five; of equal ones the first in the alphabet. */
export function nearest(asked: string, names: readonly string[]): readonly string[] {
  return names
    .map((name) => ({ name, distance: distance(asked, name) }))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, TOLD_MAX)
    .map(({ name }) => name);
}

/** `The nearest are a, b, c.`, or that there is none at all. */
export function nearestText(asked: string, names: readonly string[]): string {
  const near = nearest(asked, names);
  if (near.length === 0) return 'There is none at all.';
  return near.length === 1 ? `There is ${near.join()}.` : `The nearest are ${near.join(', ')}.`;
}

/** Insertions, deletions and replacements that make one text of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
