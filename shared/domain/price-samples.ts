/** The times for which a price history has samples. */
export interface SampleWindow {
  readonly startMs: number;
  readonly endMs: number;
  /** Number of evenly spaced times, including both ends; -1: both ends and every change between them. */
  readonly samples: number;
}

/** Returns the times of a window in ascending order, without duplicates. */
export function sampleTimes(
  { startMs, endMs, samples }: SampleWindow,
  changesMs: readonly number[],
): readonly number[] {
  if (endMs < startMs || samples === 0) return [];
  if (samples === 1 || endMs === startMs) return [endMs];
  const inside = changesMs.filter((atMs) => atMs > startMs && atMs < endMs);
  const spread = Array.from({ length: Math.max(samples, 0) }, (_, i) =>
    Math.round(startMs + ((endMs - startMs) * i) / (samples - 1)),
  );
  const times = samples < 0 ? [startMs, ...inside, endMs] : spread;
  return [...new Set(times)].sort((a, b) => a - b);
}
