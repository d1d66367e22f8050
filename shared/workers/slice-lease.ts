import { ROUND, SWEEP_ROUND, SWEEP_SLICE } from '#shared/datastore/sweep-rows.ts';
import { ref, replace, type Row, rowAfter } from '#shared/datastore/write.ts';
import { isLeased } from '#shared/domain/lease.ts';
import {
  anyOf,
  SLICE_CLAIMS_MAX,
  SLICE_LEASE_MS,
  sliceId,
  type SweepRound,
  type SweepSlice,
} from '#shared/domain/sweep-round.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** The round and its slices, as they were when they were read. */
export interface RoundRows {
  readonly round: Row<SweepRound> | undefined;
  /** Lacks slices that a newer round has overwritten meanwhile. */
  readonly slices: readonly Row<SweepSlice>[];
}

export async function readRound({ store }: Pick<Tools, 'store'>): Promise<RoundRows> {
  const round = await store.get(ref(SWEEP_ROUND, ROUND));
  if (round === undefined) return { round, slices: [] };
  const { epoch, slices } = round.value;
  const rows = await store.getAll(Array.from({ length: slices }, (_, index) => ref(SWEEP_SLICE, sliceId(index))));
  return { round, slices: rows.filter((row) => row !== undefined).filter(({ value }) => value.epoch === epoch) };
}

/** Another run has taken the slice and continues it. */
export class SliceLost extends Error {
  override readonly name = 'SliceLost';
}

type LeaseTools = Pick<Tools, 'store' | 'nowMs' | 'random' | 'log'>;

/**
 * A slice that belongs to this run, which alone writes its row. A run that has lost the slice, because it did not save
 * it in time, notices with its next write and stops; what it did until then is done by the other run once more, which
 * changes nothing.
 */
export class SliceLease {
  #row: Row<SweepSlice>;
  readonly #tools: LeaseTools;

  constructor(row: Row<SweepSlice>, tools: LeaseTools) {
    this.#row = row;
    this.#tools = tools;
  }

  get slice(): SweepSlice {
    return this.#row.value;
  }

  get row(): Row<SweepSlice> {
    return this.#row;
  }

  /** Writes the slice and renews the lease. Throws SliceLost. */
  async save(changes: Partial<SweepSlice>): Promise<void> {
    await this.#write({ ...changes, leaseUntilMs: this.#tools.nowMs() + SLICE_LEASE_MS });
  }

  /** Writes the slice and gives it back. Throws SliceLost. */
  async release(changes: Partial<SweepSlice>): Promise<void> {
    await this.#write({ ...changes, leaseUntilMs: 0 });
  }

  async #write(changes: Partial<SweepSlice>): Promise<void> {
    const { store } = this.#tools;
    const { epoch, leaseToken } = this.slice;
    let known: Row<SweepSlice> | undefined = this.#row;
    const written = await store.change<Row<SweepSlice> | undefined>(async () => {
      const current = known ?? (await store.get(this.#row));
      known = undefined;
      if (current?.value.epoch !== epoch || current.value.leaseToken !== leaseToken) {
        return { writes: [], result: undefined };
      }
      const next = { ...current.value, ...changes };
      return {
        writes: [replace(current, next)],
        result: { ...current, value: next },
        applied: (versionOf) => rowAfter(versionOf, current, next) ?? { ...current, value: next },
      };
    });
    if (written === undefined) throw new SliceLost();
    this.#row = written;
  }
}

/** Whether no run works on the slice. */
export function isFree({ state, ...lease }: SweepSlice, nowMs: number): boolean {
  return state === 'open' && !isLeased(lease, nowMs, SLICE_LEASE_MS);
}

/** Claims a slice that no run works on; `undefined` if there is none. */
export async function claimSlice({ slices }: RoundRows, tools: LeaseTools): Promise<SliceLease | undefined> {
  let free = slices.filter(({ value }) => isFree(value, tools.nowMs()));
  for (let row = anyOf(free, tools.random); row !== undefined; row = anyOf(free, tools.random)) {
    const tried = row;
    const claimed = await claim(tried, tools);
    if (claimed !== undefined) return new SliceLease(claimed, tools);
    free = free.filter((other) => other !== tried);
  }
  return undefined;
}

/** Takes the lease of one slice; `undefined` if another run was faster, or if the slice counts as failed by now. */
async function claim(row: Row<SweepSlice>, tools: LeaseTools): Promise<Row<SweepSlice> | undefined> {
  const { store, nowMs, random, log } = tools;
  const token = random.hex(8);
  const { epoch } = row.value;
  let known: Row<SweepSlice> | undefined = row;
  return store.change<Row<SweepSlice> | undefined>(async () => {
    const current = known ?? (await store.get(row));
    known = undefined;
    // The claim's own commit, whose response was lost.
    if (current?.value.leaseToken === token) return { writes: [], result: current };
    if (current?.value.epoch !== epoch || !isFree(current.value, nowMs())) return { writes: [], result: undefined };
    if (current.value.claims >= SLICE_CLAIMS_MAX) {
      log.error('a slice of the sweep was begun again and again and never got further; it is left to the next round', {
        epoch,
        zones: current.value.zones,
        position: current.value.position,
      });
      return { writes: [replace(current, { ...current.value, state: 'failed' })], result: undefined };
    }
    const next = {
      ...current.value,
      claims: current.value.claims + 1,
      leaseUntilMs: nowMs() + SLICE_LEASE_MS,
      leaseToken: token,
    };
    return {
      writes: [replace(current, next)],
      result: { ...current, value: next },
      applied: (versionOf) => rowAfter(versionOf, current, next) ?? { ...current, value: next },
    };
  });
}
