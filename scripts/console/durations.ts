const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Ten years, the longest duration. Whatever must last longer is created without an end instead. */
const DURATION_MS_MAX = 3653 * 86_400_000;

/**
 * Returns the milliseconds of `90d`, `12h`, `30m` or `45s`; `undefined` for any other text, for 0 and for more than ten
 * years.
 */
export function durationMs(text: string): number | undefined {
  const [, count = '', unit = ''] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit] ?? 0);
  return ms > 0 && ms <= DURATION_MS_MAX ? ms : undefined;
}
