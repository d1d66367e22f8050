/** Maximum number of names in a message. */
const TOLD_MAX = 5;

/** Returns at most five names with the least edit distance; names with equal distance in alphabetical order. */
export function nearest(asked: string, names: readonly string[]): readonly string[] {
  return names
    .map((name) => ({ name, distance: distance(asked, name) }))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, TOLD_MAX)
    .map(({ name }) => name);
}

/** Returns a sentence with the nearest names (`The nearest are a, b, c.`), or that there are none. */
export function nearestText(asked: string, names: readonly string[]): string {
  const near = nearest(asked, names);
  if (near.length === 0) return 'There is none at all.';
  return near.length === 1 ? `There is ${near.join()}.` : `The nearest are ${near.join(', ')}.`;
}

/**
 * Returns the Levenshtein distance: the number of insertions, deletions and replacements that convert one text to the
 * other.
 */
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
