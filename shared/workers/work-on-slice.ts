import { unrecordedAllowed } from '#shared/domain/sweep-brake.ts';
import {
  addedCounts,
  type CloudCounts,
  NO_COUNTS,
  SAVE_EVERY_MS,
  SLICE_FAILURES_MAX,
  SLICE_START,
  type SlicePosition,
  type SweepSlice,
  type Unrecorded,
} from '#shared/domain/sweep-round.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import type { Machine } from '#shared/gce/compute.ts';
import type { Disk } from '#shared/gce/disks.ts';
import type { Comparison } from './compare-machines.ts';
import { diskSteps, machineSteps, type Step } from './compare-zone.ts';
import { confirmUnrecorded, confirmUnrecordedDisks } from './confirm-unrecorded.ts';
import type { SliceLease } from './slice-lease.ts';

/** Compute Engine's maximum, and enough for one look-up of Datastore. */
const PAGE_SIZE = 500;
/** Maximum number of VMs, and of disks, that one slice remembers until the round ends; the rest is found again. */
const UNRECORDED_MAX = 500;

export interface SliceWork {
  readonly comparison: Comparison;
  readonly machinesPerSlice: number;
}

/**
 * Compares a slice, zone by zone, from where it was left. Stops when time is up, or after as many VMs as a slice holds
 * about, so that a large zone does not keep the others waiting; the slice is then given back with its position. A zone
 * that fails does not keep the others of the slice from being compared; such a slice is begun again by a later run.
 */
export async function workOnSlice(lease: SliceLease, work: SliceWork): Promise<void> {
  const progress = new Progress(lease, work);
  const { zones, position } = lease.slice;
  let from = position;
  for (let zone = zones[from.zone]; zone !== undefined; zone = zones[from.zone]) {
    if ((await progress.compare(zone, from)) === 'stopped') return;
    from = nextPart(from);
    if (from.zone < zones.length && (await progress.stopsAt(from))) return;
  }
  await progress.end();
}

function nextPart({ zone, part }: SlicePosition): SlicePosition {
  return part === 'machines' ? { ...SLICE_START, zone, part: 'disks' } : { ...SLICE_START, zone: zone + 1 };
}

/** What a run has done with a slice, and how it is saved. */
class Progress {
  readonly #lease: SliceLease;
  readonly #work: SliceWork;
  readonly #pageSize: number;
  #next: Pick<SweepSlice, 'position' | 'counts' | 'unrecorded' | 'unrecordedDisks'>;
  #machines: Machine[] = [];
  #disks: Disk[] = [];
  #compared = 0;
  #savedAtMs: number;
  readonly #failures: CloudError[] = [];

  constructor(lease: SliceLease, work: SliceWork) {
    this.#lease = lease;
    this.#work = work;
    this.#pageSize = Math.max(1, Math.min(PAGE_SIZE, work.machinesPerSlice));
    const { position, counts, unrecorded, unrecordedDisks } = lease.slice;
    this.#next = { position, counts, unrecorded, unrecordedDisks };
    this.#savedAtMs = work.comparison.tools.nowMs();
  }

  /** Compares the VMs or the disks of a zone. `stopped`: the slice was given back before they were all compared. */
  async compare(zone: string, from: SlicePosition): Promise<'compared' | 'stopped'> {
    try {
      for await (const step of this.#steps(zone, from)) {
        const position = { ...from, ...step.at };
        this.#count(zone, step.counts);
        // At the end of a list there is no page to go on from: the next list is begun, or the slice ends.
        if (position.pageToken !== '' && (await this.stopsAt(position))) return 'stopped';
      }
      await this.#confirm(zone);
    } catch (thrown) {
      if (!(thrown instanceof CloudError)) throw thrown;
      if (isStaleToken(thrown, from) && this.#next.position === from) {
        this.#startAgain(zone, from);
        return this.compare(zone, this.#next.position);
      }
      this.#failures.push(thrown);
      this.#forgetCandidates();
    }
    return 'compared';
  }

  /**
   * Saves the slice at a position now and then. Returns true if the slice was given back there, because time is up or
   * other slices are to be taken.
   */
  async stopsAt(position: SlicePosition): Promise<boolean> {
    const { comparison, machinesPerSlice } = this.#work;
    const { nowMs } = comparison.tools;
    const sinceMs = nowMs() - this.#savedAtMs;
    const stops = !comparison.mayGoOn() || this.#compared >= machinesPerSlice;
    if (!stops && sinceMs >= 0 && sinceMs < SAVE_EVERY_MS) {
      this.#next = { ...this.#next, position };
      return false;
    }
    if (stops && this.#failures.length > 0) {
      await this.end();
      return true;
    }
    // What lies behind the position must not be needed any more.
    const zone = this.#lease.slice.zones[this.#next.position.zone];
    if (zone !== undefined) await this.#confirm(zone);
    this.#next = { ...this.#next, position };
    // A slice with a zone that has failed is begun again, so that its position stays where it was.
    const changes = this.#failures.length > 0 ? {} : { ...this.#next, claims: 0 };
    await (stops ? this.#lease.release(changes) : this.#lease.save(changes));
    this.#savedAtMs = nowMs();
    return stops;
  }

  /** Ends the slice, or leaves it to a later run, which begins it again; after some times the round does without it. */
  async end(): Promise<void> {
    if (this.#failures.length === 0) {
      const { counts, unrecorded, unrecordedDisks } = this.#next;
      await this.#lease.release({ counts, unrecorded, unrecordedDisks, state: 'done', claims: 0 });
      return;
    }
    this.#work.comparison.failures.push(...this.#failures);
    const failures = this.#lease.slice.failures + 1;
    const state = failures >= SLICE_FAILURES_MAX ? 'failed' : 'open';
    const begin = { position: SLICE_START, counts: {}, unrecorded: [], unrecordedDisks: [] };
    // The lease runs on, so that this run does not meet the same failure at once.
    await this.#lease.save({ ...begin, failures, state, claims: 0 });
  }

  async *#steps(zone: string, from: SlicePosition): AsyncGenerator<Step<unknown>> {
    const { comparison, machinesPerSlice } = this.#work;
    const wantsMore = (items: number) => this.#compared + items < machinesPerSlice && comparison.mayGoOn();
    const list = { zone, from, pageSize: this.#pageSize, wantsMore };
    if (from.part === 'machines') {
      for await (const step of machineSteps(list, comparison)) {
        this.#machines.push(...step.candidates);
        yield step;
      }
    } else {
      for await (const step of diskSteps(list, comparison)) {
        this.#disks.push(...step.candidates);
        yield step;
      }
    }
  }

  #forgetCandidates(): void {
    this.#machines = [];
    this.#disks = [];
  }

  #count(zone: string, counts: CloudCounts): void {
    const before = this.#next.counts[zone] ?? NO_COUNTS;
    this.#next = { ...this.#next, counts: { ...this.#next.counts, [zone]: addedCounts(before, counts) } };
    this.#compared += counts.machines + counts.disks;
  }

  /** Confirms the candidates found so far, before the position that lies behind them is saved. */
  async #confirm(zone: string): Promise<void> {
    const { tools } = this.#work.comparison;
    const [machines, disks] = [this.#machines, this.#disks];
    this.#forgetCandidates();
    if (machines.length + disks.length === 0) return;
    const counts = this.#next.counts[zone] ?? NO_COUNTS;
    const found = await confirmUnrecorded(machines, unrecordedAllowed(counts), tools);
    const ofDisks = { machines: counts.disks, records: counts.volumes };
    const foundDisks = await confirmUnrecordedDisks(disks, unrecordedAllowed(ofDisks), tools);
    const added: CloudCounts = { ...NO_COUNTS, unrecorded: found.count, unrecordedDisks: foundDisks.count };
    this.#next = {
      ...this.#next,
      counts: { ...this.#next.counts, [zone]: addedCounts(counts, added) },
      unrecorded: remembered(this.#next.unrecorded, found.unlisted),
      unrecordedDisks: remembered(this.#next.unrecordedDisks, foundDisks.unlisted),
    };
  }

  /** Forgets what was counted of a list that is read from its beginning again. */
  #startAgain(zone: string, { part, ...position }: SlicePosition): void {
    this.#forgetCandidates();
    const { counts, unrecorded, unrecordedDisks } = this.#next;
    const { machines, records, unrecorded: confirmed } = counts[zone] ?? NO_COUNTS;
    const kept = part === 'machines' ? NO_COUNTS : { ...NO_COUNTS, machines, records, unrecorded: confirmed };
    const others = (items: readonly Unrecorded[]) => items.filter((item) => item.zone !== zone);
    this.#next = {
      position: { ...position, part, pageToken: '', after: '' },
      counts: { ...counts, [zone]: kept },
      unrecorded: part === 'machines' ? others(unrecorded) : unrecorded,
      unrecordedDisks: others(unrecordedDisks),
    };
  }
}

function remembered(before: readonly Unrecorded[], found: readonly Unrecorded[]): readonly Unrecorded[] {
  return [...before, ...found].slice(0, UNRECORDED_MAX);
}

/** Whether Compute Engine does not know the token of a page any more, with which a run before this one ended. */
function isStaleToken(thrown: unknown, { pageToken }: SlicePosition): boolean {
  return thrown instanceof CloudError && thrown.reason === 'invalid_argument' && pageToken !== '';
}
