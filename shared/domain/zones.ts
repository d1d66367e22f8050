/**
 * Zones of Compute Engine's regions whose letters are not a, b, c
 * (https://cloud.google.com/compute/docs/regions-zones).
 */
const LETTERS: Readonly<Record<string, readonly string[]>> = {
  'us-central1': ['a', 'b', 'c', 'f'],
  'us-east1': ['b', 'c', 'd'],
  'europe-west1': ['b', 'c', 'd'],
};

/** AI zones offer only TPUs (https://cloud.google.com/compute/docs/regions-zones/ai-zones). */
const AI_ZONE = /^ai\d+[a-z]$/;

/** Returns all zones of a region except AI zones, in order. */
export function zonesOf(region: string): readonly string[] {
  return (LETTERS[region] ?? ['a', 'b', 'c']).map((letter) => `${region}-${letter}`);
}

/** Returns `us-central1` for `us-central1-a` and for `us-central1-ai1a`. */
export function regionOf(zone: string): string {
  return zone.slice(0, zone.lastIndexOf('-'));
}

/**
 * Returns whether a region can have the zone. AI zones are not checked against a list, because their regions change
 * often.
 */
export function isZoneOf(region: string, zone: string): boolean {
  return zonesOf(region).includes(zone) || (regionOf(zone) === region && AI_ZONE.test(zone.slice(region.length + 1)));
}

/** Returns the region in a subnetwork's path; `undefined` if it names none. */
export function regionIn(subnetwork: string): string | undefined {
  return /(?:^|\/)regions\/([^/]+)\//.exec(subnetwork)?.[1];
}
