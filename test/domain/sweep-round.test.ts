import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isRoundDue, planSlices, SMALL_PLATFORM, type SweepRound } from '#shared/domain/sweep-round.ts';

const ALL = Array.from({ length: 130 }, (_, index) => `zone-${String(index).padStart(3, '0')}`);

const common = { zones: ALL, thingsPerSlice: 20_000 };

test('every zone that holds something is in exactly one slice of each round', () => {
  const zone = fc.constantFrom(...ALL);
  const things = fc.dictionary(zone, fc.record({ things: fc.nat(60_000) }));
  fc.assert(
    fc.property(things, fc.array(zone), fc.nat(100), fc.boolean(), (memory, named, epoch, isMemoryWhole) => {
      const plan = planSlices({ ...common, epoch, named: new Set(named), memory, isMemoryWhole });
      const taken = plan.flat();

      expect(new Set(taken).size).toBe(taken.length);
      expect(taken).toEqual(expect.arrayContaining([...named]));
      for (const [name, known] of Object.entries(memory)) if (known.things > 0) expect(taken).toContain(name);
      for (const zones of plan) {
        const sum = zones.reduce((total, name) => total + (memory[name]?.things ?? 0), 0);
        expect(zones.length === 1 || sum <= 20_000).toBe(true);
      }
    }),
  );
});

test('a zone that nothing is known of is compared at once, and an empty one in every twelfth round', () => {
  const plan = (epoch: number, isMemoryWhole: boolean) =>
    planSlices({ ...common, epoch, named: new Set(), memory: {}, isMemoryWhole }).flat();

  const rounds = Array.from({ length: 12 }, (_, epoch) => plan(epoch, true));

  expect(plan(1, false).toSorted()).toEqual(ALL);
  expect(rounds.flat().toSorted()).toEqual(ALL);
  expect(Math.max(...rounds.map((zones) => zones.length))).toBeLessThanOrEqual(11);
});

test('a small platform begins a round in each run, a large one each five minutes, and a failed round is repeated at once', () => {
  const round: SweepRound = {
    epoch: 1,
    startedAtMs: 1_000_000,
    endedAtMs: 1_200_000,
    slices: 9,
    isComplete: true,
    byZones: true,
    machines: SMALL_PLATFORM + 1,
    zones: {},
    leaseUntilMs: 0,
    leaseToken: '',
  };

  expect(isRoundDue(undefined, 0)).toBe(true);
  expect(isRoundDue(round, 1_200_001)).toBe(false);
  expect(isRoundDue(round, 1_300_000)).toBe(true);
  expect(isRoundDue({ ...round, machines: SMALL_PLATFORM }, 1_200_001)).toBe(true);
  expect(isRoundDue({ ...round, isComplete: false }, 1_200_001)).toBe(true);
  expect(isRoundDue({ ...round, endedAtMs: null }, 9_000_000)).toBe(false);
  // The clock of the run that began it was ahead.
  expect(isRoundDue(round, 900_000)).toBe(true);
});
