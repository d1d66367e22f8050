/**
 * Every zone with its machine series. Source: the table "Available regions and zones" of
 * https://docs.cloud.google.com/compute/docs/regions-zones, read in autumn 2026; AI zones:
 * https://docs.cloud.google.com/compute/docs/regions-zones/ai-zones and
 * https://docs.cloud.google.com/tpu/docs/types-zones. `z3metal` marks a zone that has only the bare metal type of Z3,
 * `a4xmax` one with A4X Max. F1 and G1 exist where N1 does.
 */
const SERIES_OF_ZONE = {
  'africa-south1-a': 'e2 n4 n2 n2d c4 c4a c4d t2d m3 c2d',
  'africa-south1-b': 'e2 n4 n2 n2d c4 t2d c2d',
  'africa-south1-c': 'e2 n4 n2 n2d c4 c4d t2d m3 c2d',
  'asia-east1-a': 'e2 n4 n2 n2d n1 c4 c4a c3 c3d t2d z3metal m1 c2 c2d g4 g2',
  'asia-east1-b': 'e2 n4 n2 n2d n1 c4 c4a c3 c3d t2d m3 m1 c2 c2d g2',
  'asia-east1-c': 'e2 n4 n2 n2d n1 c4 c4a c3 c3d t2d z3metal m3 m1 c2 c2d g2',
  'asia-east2-a': 'e2 n4 n2 n2d n1 c4 c3 t2d c2',
  'asia-east2-b': 'e2 n2 n2d n1 t2d c4 c2',
  'asia-east2-c': 'e2 n4 n2 n2d n1 t2d c4 c2 c2d',
  'asia-northeast1-a': 'e2 c4a n4 n2 n2d n1 t2d z3 m4 m3 m2 m1 c2 a2 g2',
  'asia-northeast1-b': 'e2 n4 n2 n2d n1 c4 c4a c4d c3 t2d z3 m3 m2 m1 c2 c2d a4 a3 g2',
  'asia-northeast1-c': 'e2 n4 n2 n2d n1 c4 c4a c4d c3 t2d z3 m3 m1 c2 a2 g2',
  'asia-northeast2-a': 'e2 n4 n2 n2d n1 c4 c3 t2d m3 m1 c2 c2d',
  'asia-northeast2-b': 'e2 n2 n2d n1 t2d m3 m2 m1 c2',
  'asia-northeast2-c': 'e2 n4 n2 n2d n1 c4 c3 t2d m3 m2 m1 c2 c2d',
  'asia-northeast3-a': 'e2 n4 n2 n2d n1 c4 c3 m3 m2 m1 c2 c2d g2',
  'asia-northeast3-b': 'e2 n4 n2 n2d n1 c4 c3 m3 m2 m1 c2 c2d a2 g2',
  'asia-northeast3-c': 'e2 n4 n2 n2d n1 c4 m3 c2 c2d a3',
  'asia-south1-a': 'e2 n4 n4d n2 n2d c4 c4a c3 c3d t2d n1 m2 m1 c2 c2d g2',
  'asia-south1-b': 'e2 n4 n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 x4 m4 m3 m2 m1 c2 c2d g2 a3',
  'asia-south1-c': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 h4d x4 m4 m3 m1 c2 c2d a3 g4 g2',
  'asia-south2-a': 'e2 n4 n2 n2d n1 c4 c3 t2d x4 m4 m3 m2 m1 c2 c2d g4',
  'asia-south2-b': 'e2 n4 n2 n2d n1 c4 c3 t2d m4 m3 m2 m1 c2 c2d',
  'asia-south2-c': 'e2 n4 n2 n2d n1 c4 c3 t2d c2 a3 g4',
  'asia-southeast1-a': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d c2 c2d t2d z3 h4d m4 m3 m2 m1 a2 g4 g2',
  'asia-southeast1-b': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d c2 c2d t2d t2a z3 m4 m3 m2 m1 a4 a3 g4 g2',
  'asia-southeast1-c': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d t2a z3 m1 c2 c2d a2 a3 g4 g2',
  'asia-southeast2-a': 'e2 n4 n2 n2d n1 c4 c4a c3 t2d m1',
  'asia-southeast2-b': 'e2 n4 n2 n2d n1 c4 c4a t2d g4',
  'asia-southeast2-c': 'e2 n4 n2 n2d n1 c4 c4a t2d m1 g4',
  'asia-southeast3-a': 'n4 c4 c3d m4 m3',
  'asia-southeast3-b': 'n4 c4 c3d m4 m3',
  'asia-southeast3-c': 'n4 c4 c3d m4 m3',
  'australia-southeast1-a': 'e2 n4 n2 n2d n1 c3 t2d c2 m3 m2 m1',
  'australia-southeast1-b': 'e2 n4 n2 n2d n1 c4 c3 c3d t2d z3 c2 m2 m1',
  'australia-southeast1-c': 'e2 n4 n2 n2d n1 c4 c4a c4d c3 c3d t2d c2 m4 m3 m1 a3 z3',
  'australia-southeast2-a': 'e2 n4 n2 n2d n1 c4 c4a c3 c3d t2d z3metal c2d',
  'australia-southeast2-b': 'e2 n4 n2 n2d n1 c4 c4a t2d c3 z3metal m3 m1',
  'australia-southeast2-c': 'e2 n4 n2 n2d c4 c4a t2d n1 m3 m1',
  'europe-central2-a': 'e2 n4 n2 n2d n1 c4 c4a t2d m4 m3 m1 c2d',
  'europe-central2-b': 'e2 n2 n2d n1 t2d m1 c2d',
  'europe-central2-c': 'e2 n4 n2 n2d n1 c4 t2d',
  'europe-north1-a': 'e2 n4 n2 n2d n1 c4 c4a c3d t2d c2 m3 g4',
  'europe-north1-b': 'e2 n4 n2 n2d n1 c4a c4 c3 t2d c2 a4 g4',
  'europe-north1-c': 'e2 n4 n2 n2d n1 t2d c4 c4a c2 m3',
  'europe-north2-a': 'e2 n4 c4 c4a c3 c3d z3',
  'europe-north2-b': 'e2 n4 c4 c4a c3 c3d z3 c2d',
  'europe-north2-c': 'e2 n4 c4',
  'europe-southwest1-a': 'e2 n4 n2 n2d c4 c4a t2d m4 m3 m2 m1',
  'europe-southwest1-b': 'e2 n4 n2 n2d c4 c4a t2d c2d',
  'europe-southwest1-c': 'e2 n4 n2 n2d c4 c4a t2d m4 m3 m2 m1',
  'europe-west1-b': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 x4 m4 m3 m2 m1 c2 c2d a3 g2',
  'europe-west1-c': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 x4 m4n m4 m2 c2 c2d a3 g4 g2',
  'europe-west1-d': 'e2 n4 n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 m4 m3 m2 m1 c2 c2d',
  'europe-west2-a': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c4n c3 c3d c2 c2d t2d z3 m3 m2 m1 g2',
  'europe-west2-b': 'e2 n4 n4a n2 n2d n1 c4 c4a c4d c3 c3d c2 c2d t2d z3 m3 m2 m1 g4 g2',
  'europe-west2-c': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c2 c2d t2d z3 m4n m4 m3 m1 g4',
  'europe-west3-a': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 x4 m4 m3 m2 m1 c2 c2d g2',
  'europe-west3-b': 'e2 n4 n4a n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 x4 m4 m3 m2 m1 c2 c2d g2',
  'europe-west3-c': 'e2 n4 n4a n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 m3 m1 c2 c2d a3',
  'europe-west4-a': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d t2a z3 x4 m4 m3 m2 m1 c2 c2d a3 a2 g4 g2',
  'europe-west4-b':
    'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d t2a z3 x4 m4 m3 m2 m1 h4d h3 c2 c2d a4x a4 a3 a2 g4 g2',
  'europe-west4-c': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d t2a z3 x4 m2 m1 h4d h3 c2 c2d a3 g2',
  'europe-west6-a': 'e2 n4 n2 n2d n1 c2 t2d',
  'europe-west6-b': 'e2 n4 n2 n2d n1 c4 c4a t2d m3 m1 c2 g2 z3',
  'europe-west6-c': 'e2 n4 n2 n2d n1 c4 t2d m3 m1 c2 g2',
  'europe-west8-a': 'e2 n4 n2 n2d t2d x4 m3 m2 m1',
  'europe-west8-b': 'e2 n4 n2 n2d c4 t2d z3metal m2 g4',
  'europe-west8-c': 'e2 n4 n2 n2d c4 c2d t2d z3metal x4 m3 m2 m1',
  'europe-west9-a': 'e2 n4 n2 n2d c4 c3 t2d m3',
  'europe-west9-b': 'e2 n4 n2 n2d c4 c4d c3 t2d m3 m1',
  'europe-west9-c': 'e2 n4 n2 n2d c4 c3 t2d m1',
  'europe-west10-a': 'e2 n4 n2 n2d c4d c3 t2d z3',
  'europe-west10-b': 'e2 n2 n2d c4d z3 g4',
  'europe-west10-c': 'e2 n4 n2 n2d c4 c4d t2d z3',
  'europe-west12-a': 'e2 n2 n2d t2d m4 m3',
  'europe-west12-b': 'e2 n2 n2d t2d m3 c2d',
  'europe-west12-c': 'e2 n4 n2 n2d c4 t2d',
  'me-central1-a': 'e2 n2 n2d c4 c3 t2d z3metal',
  'me-central1-b': 'e2 n4 n2 n2d c4 t2d m3',
  'me-central1-c': 'e2 n4 n2 n2d c4 c4a c3 t2d z3metal m3',
  'me-central2-a': 'e2 n4 n2 n2d c4 c4a c3 c3d t2d c2 m3 m2 g2',
  'me-central2-b': 'e2 n2 n2d c3 t2d m3 m2 c2',
  'me-central2-c': 'e2 n4 n2 n2d c4 c3 c3d t2d m4 m3 m2 c2 g2',
  'me-west1-a': 'e2 n4 n2 n2d c4 c3 t2d m3 m1 c2 a2',
  'me-west1-b': 'e2 n4 n2 n2d n1 c4 c4a c3 c3d t2d c2',
  'me-west1-c': 'e2 n2 n2d n1 c3 t2d m3 m1 c2 c2d a2',
  'northamerica-northeast1-a': 'e2 n4 n2 n2d n1 c4 c4a c3 t2d m4 c2 c2d',
  'northamerica-northeast1-b': 'e2 n4 c4 c4a c4d c3 n2 n2d n1 t2d m4 m3 m2 m1 h3 c2 g2',
  'northamerica-northeast1-c': 'e2 n2 n2d n1 t2d m3 m2 m1 c2 g2',
  'northamerica-northeast2-a': 'e2 n2 n2d n1 c4 t2d m3 m2 m1 g2',
  'northamerica-northeast2-b': 'e2 n4 n2 n2d n1 c4 c4a c4d c2d t2d z3metal m3 m2 m1 g2',
  'northamerica-northeast2-c': 'e2 n4 n2 n2d n1 c4 c2d t2d z3metal m4 m3 m2 a3',
  'northamerica-south1-a': 'e2 n4 c4 c4a c3d z3',
  'northamerica-south1-b': 'e2 n4 c4 c4a c3d z3',
  'northamerica-south1-c': 'e2 n4 c4 c4a c3d z3',
  'southamerica-east1-a': 'e2 n4 n2 n2d n1 c4 c3 t2d z3metal c2 c2d',
  'southamerica-east1-b': 'e2 n4 n2 n2d n1 c4 c3 t2d m3 m2 m1 c2 c2d',
  'southamerica-east1-c': 'e2 n4 n2 n2d n1 c4 c4a c3 t2d m4 m3 m2 m1 c2 c2d',
  'southamerica-west1-a': 'e2 n4 n2 n2d c4 c4a c2 t2d z3',
  'southamerica-west1-b': 'e2 n4 n2 n2d c4 c4a c2 t2d m4 m3 m2 m1',
  'southamerica-west1-c': 'e2 n4 n2 n2d c4 t2d m4 m3 m2 m1 c2',
  'us-central1-a': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c4n c3 c3d t2d t2a z3 x4 m4 m3 m2 m1 h3 c2 c2d h4d a4x a3 a2 g2',
  'us-central1-b':
    'e2 n4 n4d n4a n2 n2d n1 c4 c4a c4d c4n c3 c3d t2d t2a z3 x4 m4 m3 m2 m1 c2 c2d a4xmax a4 a3 a2 g4 g2 h4d ct6e',
  'us-central1-c': 'e2 n4 n4d n4a n2 n2d n1 c4 c4a c4d c4n c3 c3d t2d z3 x4 m4 m3 m2 m1 c2 c2d a3 a2 g2 tpu7x',
  'us-central1-f': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d t2a z3 m1 c2 c2d a2 g4',
  'us-central1-ai1a': 'ct6e tpu7x',
  'us-east1-b': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 m4 m3 m1 h4d c2 c2d a4 a2 g4 g2',
  'us-east1-c': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c4n c3 c3d t2d z3 m1 c2 c2d g2',
  'us-east1-d': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 m4 m3 m1 c2 c2d g2 ct6e',
  'us-east4-a': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 x4 m4 m3 m2 m1 c2 c2d a3 g2',
  'us-east4-b': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 x4 m4 m3 m2 m1 c2 c2d a4xmax a4x a4 a3 g4',
  'us-east4-c': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 x4 m4 m3 m1 c2 c2d a3 a2 g4 g2',
  'us-east5-a': 'e2 n4 n4d n2 n2d c4 c4a c4d c3 c3d t2d z3 m4 c2 a3 a2 g4 ct6e',
  'us-east5-b': 'e2 n4 n4d n2 n2d c4 c4a c4d c4n c3 c3d t2d z3 m4 c2 a4xmax g4 ct6e',
  'us-east5-c': 'e2 n4 n4d n2 n2d c4 c4a c4d c4n c3 c3d t2d m4 z3 c2 a4xmax g4',
  'us-south1-a': 'e2 n4 n2 n2d c4 c4a c3 t2d z3 g4',
  'us-south1-b': 'e2 n4 n2 n2d c4 c4a c3 t2d a4 a3 z3 g4',
  'us-south1-c': 'e2 n2 n2d c3 t2d z3',
  'us-south1-ai1b': 'ct6e',
  'us-west1-a': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d z3 m4 m3 m1 c2 c2d a3 g4 g2',
  'us-west1-b': 'e2 n4 n4a n4d n2 n2d n1 c4 c4d c4n c3 c3d t2d z3 c2 c2d m4 m3 m1 a3 a2 g4 g2',
  'us-west1-c': 'e2 n4 n4a n4d n2 n2d n1 c4 c4a c4d c3d t2d c3 c2 c2d m4 m3 a3',
  'us-west2-a': 'e2 n4 n2 n2d n1 c4 c4a c3 c3d t2d c2 c2d z3',
  'us-west2-b': 'e2 n4 n2 n2d n1 c4 c4a c3 c3d t2d m1 c2',
  'us-west2-c': 'e2 n4 n2 n2d n1 t2d c4 c4a c3 c3d m1 c2 c2d a4',
  'us-west3-a': 'e2 n4 n4d n2 n2d n1 c4 c4d c3 t2d c2 m3 g4',
  'us-west3-b': 'e2 n4 n2 n2d n1 c4 c3 t2d c2 a4 a2',
  'us-west3-c': 'e2 n4 n2 n2d n1 c4 c3 t2d c2 c2d a4',
  'us-west4-a': 'e2 n4 n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d c2 c2d x4 m4 m3 m2 m1 a3 g4 g2 h4d',
  'us-west4-b': 'e2 n4 n4d n2 n2d n1 c4 c4a c4d c3 c3d t2d c2 c2d x4 m4 m3 m2 m1 a2',
  'us-west4-c': 'e2 n4 n4d n2 n2d n1 c4a c4 c4d c3 t2d c2 c2d g4 g2',
} as const satisfies Readonly<Record<string, string>>;

const SERIES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  Object.entries(SERIES_OF_ZONE).map(([zone, series]) => [zone, new Set(series.split(' '))]),
);

/** All zones, in alphabetical order of their regions. */
export const ZONES: readonly string[] = [...SERIES.keys()];

/** Returns the region of a zone: `us-central1` for `us-central1-a` and for `us-central1-ai1a`. */
export function regionOf(zone: string): string {
  return zone.slice(0, zone.lastIndexOf('-'));
}

/** All regions, in alphabetical order. */
export const REGIONS: readonly string[] = [...new Set(ZONES.map(regionOf))].sort();

/** Returns all zones of a region, including AI zones; none if the region does not exist. */
export function zonesOf(region: string): readonly string[] {
  return ZONES.filter((zone) => regionOf(zone) === region);
}

/** Whether machine types of the series (`n2`, `z3metal`, …) exist in the zone. False for a zone that does not exist. */
export function hasSeries(zone: string, series: string): boolean {
  const host = series === 'f1' || series === 'g1' ? 'n1' : series;
  return SERIES.get(zone)?.has(host) ?? false;
}
