/**
 * Returns the shortest list found that still fails, by leaving parts out: halves first, then quarters, down to single
 * items, until no item can be left out. After `runsMax` trials it returns the shortest list so far.
 */
export async function shrink<T>(
  items: readonly T[],
  fails: (shorter: readonly T[]) => Promise<boolean>,
  { runsMax }: { readonly runsMax: number },
): Promise<readonly T[]> {
  let shortest = items;
  let size = Math.ceil(shortest.length / 2);
  let leftOut = false;
  for (let runs = 0, from = 0; runs < runsMax && shortest.length > 1;) {
    if (from >= shortest.length) {
      if (size === 1 && !leftOut) break;
      size = Math.max(1, Math.floor(size / 2));
      from = 0;
      leftOut = false;
      continue;
    }
    const shorter = [...shortest.slice(0, from), ...shortest.slice(from + size)];
    runs += 1;
    if (shorter.length > 0 && (await fails(shorter))) {
      shortest = shorter;
      leftOut = true;
    } else {
      from += size;
    }
  }
  return shortest;
}
