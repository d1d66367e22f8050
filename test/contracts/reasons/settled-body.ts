/** Patterns of values that differ in each run, with the example that replaces them. */
const SETTLED: readonly (readonly [RegExp, string])[] = [
  [/"[0-9a-f]{32}"/g, '"0cc175b9c0f1b6a831c399e269772661"'],
  [/walk-\d{8}/g, 'walk-00000001'],
  [/walker-\d+/g, 'acme'],
  [/\bdata-\d{8}/g, 'data-00000001'],
  [/(?<![0-9a-z])tw-[0-9a-f]{6}-[0-9a-f]{8}/g, 'tw-550e84-a1b2c3d4'],
  [/(?<![0-9a-z])inst-[0-9a-f]{6}-[0-9a-f]{8}/g, 'inst-550e84-a1b2c3d4'],
  [/\bvol-[0-9a-f]{6}-[0-9a-f]{8}/g, 'vol-550e84-a1b2c3d4'],
  [/\bop-[0-9a-z]{19}/g, 'op-0m4x2k9q1a1b2c3d4e5'],
  [/\bbid_[0-9a-z]{16}/g, 'bid_0123456789abcdef'],
  [/\bproj_[0-9a-z]{12,}/g, 'proj_abc123456789'],
  [/\b(wait|after|in) \d+ s/gi, '$1 42 s'],
];

/** Returns the body of a reply with examples as ids, times and waits, so that it is the same in every run. */
export function settledBody(body: string): unknown {
  return JSON.parse(SETTLED.reduce((text, [pattern, example]) => text.replaceAll(pattern, example), body));
}
