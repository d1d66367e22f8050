import type { SweepRound, SweepSlice } from '#shared/domain/sweep-round.ts';
import { integer, json, nullable, plainFlag, plainText, time } from './field.ts';
import { kind, type Kind } from './kind.ts';

const plainTime = {
  ...time,
  indexed: false,
  encode: (ms: number) => ({ ...time.encode(ms), excludeFromIndexes: true }),
};

/** The round of the sweep: one row. */
export const SWEEP_ROUND: Kind<SweepRound> = kind<SweepRound>('SweepRound', {
  epoch: integer,
  startedAtMs: plainTime,
  endedAtMs: nullable(plainTime),
  slices: integer,
  isComplete: plainFlag,
  byZones: plainFlag,
  machines: integer,
  zones: json(),
  leaseUntilMs: integer,
  leaseToken: plainText,
});

/** Id of the one row. */
export const ROUND = 'sweep';

/** A slice of the round; the id is its number. Rows of earlier rounds stay until a round overwrites them. */
export const SWEEP_SLICE: Kind<SweepSlice> = kind<SweepSlice>('SweepSlice', {
  epoch: integer,
  zones: json(),
  state: json(),
  position: json(),
  counts: json(),
  unrecorded: json(),
  unrecordedDisks: json(),
  failures: integer,
  claims: integer,
  leaseUntilMs: integer,
  leaseToken: plainText,
});
