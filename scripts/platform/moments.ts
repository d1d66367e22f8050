import { InvalidArgumentError } from 'commander';
import { durationMs } from '#scripts/console/durations.ts';

const DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/;

/** Epoch ms of a moment, by the time of now. */
export type Moment = (nowMs: number) => number;

/** `7d`, `12h`: that long ago; or a date, or a time in RFC 3339. */
export function parsedMoment(value: string): Moment {
  const ago = durationMs(value);
  if (ago !== undefined) return (nowMs) => nowMs - ago;
  const atMs = DATE.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new InvalidArgumentError('It is 7d, 12h, 30m (ago), 2026-03-14 or 2026-03-14T15:00:00Z.');
  return () => atMs;
}
