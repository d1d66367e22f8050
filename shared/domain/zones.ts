/**
 * Zones of Compute Engine's regions whose letters are not a, b, c
 * (https://cloud.google.com/compute/docs/regions-zones).
 */
const LETTERS: Readonly<Record<string, readonly string[]>> = {
  'us-central1': ['a', 'b', 'c', 'f'],
  'us-east1': ['b', 'c', 'd'],
  'europe-west1': ['b', 'c', 'd'],
};

/** All zones of a region, in order. */
export function zonesOf(region: string): readonly string[] {
  return (LETTERS[region] ?? ['a', 'b', 'c']).map((letter) => `${region}-${letter}`);
}

/** `us-central1` of `us-central1-a`. */
export function regionOf(zone: string): string {
  return zone.slice(0, zone.lastIndexOf('-'));
}
