import { InvalidArgumentError } from 'commander';
import { durationMs } from '#scripts/console/durations.ts';

const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;

/** Parses a time: `7d` or `12h` before now, a date, or a time in RFC 3339. Returns epoch ms. */
export function parsedMoment(value: string): number {
  const ago = durationMs(value);
  if (ago !== undefined) return Date.now() - ago;
  const atMs = DATE.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new InvalidArgumentError('It is 7d, 12h, 30m (ago), 2026-03-14 or 2026-03-14T15:00:00Z.');
  return atMs;
}
