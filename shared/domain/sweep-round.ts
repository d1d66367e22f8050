import type { Random } from './ids.ts';

/** What the sweep has counted while comparing the cloud with the records. */
export interface CloudCounts {
  /** VMs that carry our label. */
  readonly machines: number;
  /** Records of instances. */
  readonly records: number;
  /** VMs that should have a record but have none, confirmed by a second look. */
  readonly unrecorded: number;
  /** Disks that carry our label. */
  readonly disks: number;
  /** Live volumes. */
  readonly volumes: number;
  /** Disks that should have a volume but have none, confirmed by a second look. */
  readonly unrecordedDisks: number;
}

export const NO_COUNTS: CloudCounts = {
  machines: 0,
  records: 0,
  unrecorded: 0,
  disks: 0,
  volumes: 0,
  unrecordedDisks: 0,
};

export function addedCounts(a: CloudCounts, b: CloudCounts): CloudCounts {
  return {
    machines: a.machines + b.machines,
    records: a.records + b.records,
    unrecorded: a.unrecorded + b.unrecorded,
    disks: a.disks + b.disks,
    volumes: a.volumes + b.volumes,
    unrecordedDisks: a.unrecordedDisks + b.unrecordedDisks,
  };
}

/** Stands for all zones, in the only slice of a small platform's round. */
export const EVERY_ZONE = '';

/** What is known of a zone from the last time it was compared. */
export interface ZoneMemory {
  /** VMs, records, disks and volumes; 0: the zone holds nothing of ours. */
  readonly things: number;
}

/**
 * A round compares all VMs and disks with all records, slice by slice. There is one row; the next round overwrites it.
 */
export interface SweepRound {
  /** Number of the round, from 1. */
  readonly epoch: number;
  readonly startedAtMs: number;
  /** `null`: the round is still going on. */
  readonly endedAtMs: number | null;
  /** Number of slices; their ids are `sliceId(0)` to `sliceId(slices - 1)`. */
  readonly slices: number;
  /** True once the round has ended and no slice of it has failed. */
  readonly isComplete: boolean;
  /** Whether the next round takes the zones one by one, because one list of all of them is too long for a run. */
  readonly byZones: boolean;
  /** VMs counted by the last complete round. */
  readonly machines: number;
  readonly zones: Readonly<Record<string, ZoneMemory>>;
  /** Until then, the run with the token is ending the round; 0: no run is. */
  readonly leaseUntilMs: number;
  readonly leaseToken: string;
}

/** Position within a slice: everything before it has been compared. */
export interface SlicePosition {
  /** Index of the zone in the slice. */
  readonly zone: number;
  readonly part: 'machines' | 'disks';
  /** Compute Engine's token of the next page; `''`: the first page. */
  readonly pageToken: string;
  /** Names up to this one have been compared; `''`: none. */
  readonly after: string;
}

export const SLICE_START: SlicePosition = { zone: 0, part: 'machines', pageToken: '', after: '' };

/** A VM or disk without a record that is not on the list of orphans yet. */
export interface Unrecorded {
  readonly name: string;
  readonly zone: string;
}

/** Zones that are compared together; at most one run works on a slice at a time. */
export interface SweepSlice {
  readonly epoch: number;
  /** Only `EVERY_ZONE`, or names of zones. */
  readonly zones: readonly string[];
  readonly state: 'open' | 'done' | 'failed';
  readonly position: SlicePosition;
  /** By zone. */
  readonly counts: Readonly<Record<string, CloudCounts>>;
  readonly unrecorded: readonly Unrecorded[];
  readonly unrecordedDisks: readonly Unrecorded[];
  /** How often the slice could not be compared. */
  readonly failures: number;
  /** How often the slice was claimed since its position last changed. */
  readonly claims: number;
  /** Until then, the run with the token works on the slice; 0: no run does. */
  readonly leaseUntilMs: number;
  readonly leaseToken: string;
}

export function newSlice(epoch: number, zones: readonly string[]): SweepSlice {
  return {
    epoch,
    zones,
    state: 'open',
    position: SLICE_START,
    counts: {},
    unrecorded: [],
    unrecordedDisks: [],
    failures: 0,
    claims: 0,
    leaseUntilMs: 0,
    leaseToken: '',
  };
}

export function sliceId(index: number): string {
  return String(index).padStart(4, '0');
}

/** Sums what the slices have counted. */
export function countsOf(slices: readonly SweepSlice[]): CloudCounts {
  return slices.flatMap(({ counts }) => Object.values(counts)).reduce(addedCounts, NO_COUNTS);
}

/**
 * How long a slice belongs to the run that works on it. The run saves its position, and renews the lease, each
 * `SAVE_EVERY_MS`. The lease is shorter than the interval of runs, so the run after a crash takes the slice over.
 */
export const SLICE_LEASE_MS = 40_000;
export const SAVE_EVERY_MS = 8_000;

/** A slice that fails so often in one round is left to the next round. */
export const SLICE_FAILURES_MAX = 3;
/** A slice that so many runs have taken without getting further counts as failed: it may be what ends their processes. */
export const SLICE_CLAIMS_MAX = 5;

/** A platform with more VMs begins a round only each five minutes. */
export const SMALL_PLATFORM = 5_000;
const LARGE_ROUND_EVERY_MS = 5 * 60_000;
/** Larger than the difference between any two working clocks. */
const SKEW_MS = 60_000;

/** A round that takes longer has too few runs at once, or a slice that no run can finish. */
export const ROUND_MS_MAX = 10 * 60_000;

/** Whether a new round begins. A start further ahead than any working clock is not believed. */
export function isRoundDue(last: SweepRound | undefined, nowMs: number): boolean {
  if (last === undefined) return true;
  if (last.endedAtMs === null) return false;
  if (!last.isComplete || last.machines <= SMALL_PLATFORM) return true;
  return nowMs - last.startedAtMs >= LARGE_ROUND_EVERY_MS || last.startedAtMs > nowMs + SKEW_MS;
}

/** Zones in which we have nothing are compared in every twelfth round only: there are more than a hundred. */
const QUIET_ROUNDS = 12;
/** Maximum number of zones in a slice. */
const ZONES_MAX = 16;

export interface ZonePlan {
  readonly epoch: number;
  /** All zones that exist. */
  readonly zones: readonly string[];
  /** Zones that a record or volume names. */
  readonly named: ReadonlySet<string>;
  readonly memory: Readonly<Record<string, ZoneMemory>>;
  /** Whether the last round has seen everything: then zones that nothing is known of hold nothing. */
  readonly isMemoryWhole: boolean;
  /** About how many things a slice holds, unless one zone alone holds more. */
  readonly thingsPerSlice: number;
}

/** Divides the zones into slices, the largest first. */
export function planSlices({
  epoch,
  zones,
  named,
  memory,
  isMemoryWhole,
  thingsPerSlice,
}: ZonePlan): readonly (readonly string[])[] {
  const known = (zone: string) => memory[zone]?.things ?? (isMemoryWhole ? 0 : undefined);
  const all = [...new Set([...zones, ...named, ...Object.keys(memory)])].sort();
  const isQuiet = (zone: string) => known(zone) === 0 && !named.has(zone);
  const quiet = all.filter(isQuiet).filter((_, index) => (index + epoch) % QUIET_ROUNDS === 0);
  const busy = all.filter((zone) => !isQuiet(zone));
  const taken = [...busy, ...quiet].sort((a, b) => (known(b) ?? 0) - (known(a) ?? 0) || (a < b ? -1 : 1));
  const slices: string[][] = [];
  let things = 0;
  for (const zone of taken) {
    const last = slices.at(-1);
    const own = known(zone) ?? 0;
    if (last === undefined || last.length >= ZONES_MAX || things + own > thingsPerSlice) {
      slices.push([zone]);
      things = own;
    } else {
      last.push(zone);
      things += own;
    }
  }
  return slices;
}

/** What the next round knows of the zones: those that were not compared keep what was known. */
export function zonesAfter(round: SweepRound, slices: readonly SweepSlice[]): SweepRound['zones'] {
  const seen = slices
    .filter(({ state }) => state === 'done')
    .flatMap(({ counts }) => Object.entries(counts))
    .filter(([zone]) => zone !== EVERY_ZONE)
    .map(([zone, { machines, records, disks, volumes }]) => [zone, { things: machines + records + disks + volumes }]);
  return { ...round.zones, ...(Object.fromEntries(seen) as SweepRound['zones']) };
}

/** Chooses one of the slices at random, so that runs that begin together rarely try for the same one. */
export function anyOf<T>(items: readonly T[], random: Pick<Random, 'fraction'>): T | undefined {
  return items[Math.floor(random.fraction() * items.length)];
}
