/**
 * Zones of Compute Engine's regions whose letters are not a, b, c
 * (https://cloud.google.com/compute/docs/regions-zones).
 */
const LETTERS: Readonly<Record<string, readonly string[]>> = {
  'us-central1': ['a', 'b', 'c', 'f'],
  'us-east1': ['b', 'c', 'd'],
  'europe-west1': ['b', 'c', 'd'],
};

/** AI zones have TPUs and nothing else (https://cloud.google.com/compute/docs/regions-zones/ai-zones). */
const AI_ZONE = /^ai\d+[a-z]$/;

/** All zones of a region, in order, except AI zones. */
export function zonesOf(region: string): readonly string[] {
  return (LETTERS[region] ?? ['a', 'b', 'c']).map((letter) => `${region}-${letter}`);
}

/** `us-central1` of `us-central1-a` and of `us-central1-ai1a`. */
export function regionOf(zone: string): string {
  return zone.slice(0, zone.lastIndexOf('-'));
}

/** Whether a region can have the zone. An AI zone is believed: which regions have some changes often. */
export function isZoneOf(region: string, zone: string): boolean {
  return zonesOf(region).includes(zone) || (regionOf(zone) === region && AI_ZONE.test(zone.slice(region.length + 1)));
}

/** The region that a subnetwork's path names; `undefined` when it names none. */
export function regionIn(subnetwork: string): string | undefined {
  return /(?:^|\/)regions\/([^/]+)\//.exec(subnetwork)?.[1];
}
