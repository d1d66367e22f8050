const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Ten years; what is meant to last longer is meant to last until it is revoked. */
const DURATION_MS_MAX = 3653 * 86_400_000;

/** Milliseconds of `90d`, `12h`, `30m`, `45s`; `undefined` for anything else, for 0 and for more than ten years. */
export function durationMs(text: string): number | undefined {
  const [, count = '', unit = ''] = /^([0-9]{1,9})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit] ?? 0);
  return ms > 0 && ms <= DURATION_MS_MAX ? ms : undefined;
}
