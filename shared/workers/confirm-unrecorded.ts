import { ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ORPHAN_DISK, VOLUME } from '#shared/datastore/volume-rows.ts';
import { Conflict, insert, ref } from '#shared/datastore/write.ts';
import type { Unrecorded } from '#shared/domain/sweep-round.ts';
import type { Machine } from '#shared/gce/compute.ts';
import type { Disk } from '#shared/gce/disks.ts';
import { newOrphan } from '#shared/lifecycle/new-orphan.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { VolumeTools } from '#shared/lifecycle/volume-tools.ts';
import { each } from './each.ts';
import { ORPHAN_AGE_MS, QUARANTINE_MS } from './orphan-times.ts';

/** VMs or disks that have no record, confirmed by a second look. */
export interface Confirmed {
  readonly count: number;
  /** Those that are not on the list of orphans yet. */
  readonly unlisted: readonly Unrecorded[];
}

/** The VMs of a list that should have a record: neither young nor protected. */
export function candidatesOf(machines: readonly Machine[], startedAtMs: number): readonly Machine[] {
  return machines.filter(
    ({ createdAtMs, deletionProtection }) => startedAtMs - createdAtMs >= ORPHAN_AGE_MS && !deletionProtection,
  );
}

/**
 * Confirms the candidates that still have no record, are not being deleted and still exist, because the list may be
 * older than the records. Once more than the allowed number are confirmed, the rest are counted without reading the VM:
 * the brake then goes on and none is touched.
 */
export async function confirmUnrecorded(
  candidates: readonly Machine[],
  allowed: number,
  { store, compute }: Tools,
): Promise<Confirmed> {
  const records = await store.getAll(candidates.map(({ name }) => ref(INSTANCE, name)));
  const listed = await store.getAll(candidates.map(({ name }) => ref(ORPHAN, name)));
  const left = candidates.flatMap((machine, index) => {
    const why = listed[index]?.value.why;
    if (records[index] !== undefined || (why !== undefined && why !== 'unrecorded')) return [];
    return [{ name: machine.name, zone: machine.zone, isListed: why !== undefined }];
  });
  return confirm(left, allowed, async (place) => (await compute.get(place)) !== undefined);
}

/** Confirms the candidates that still exist and have no volume, because the list may be older than the records. */
export async function confirmUnrecordedDisks(
  candidates: readonly Disk[],
  allowed: number,
  { store, disks }: VolumeTools,
): Promise<Confirmed> {
  const volumes = await store.getAll(candidates.map(({ name }) => ref(VOLUME, name)));
  const listed = await store.getAll(candidates.map(({ name }) => ref(ORPHAN_DISK, name)));
  const left = candidates.flatMap(({ name, zone }, index) =>
    volumes[index] === undefined ? [{ name, zone, isListed: listed[index] !== undefined }] : [],
  );
  return confirm(left, allowed, async (place) => (await disks.get(place)) !== undefined);
}

type Candidate = Unrecorded & { readonly isListed: boolean };

async function confirm(
  candidates: readonly Candidate[],
  allowed: number,
  exists: (place: Unrecorded) => Promise<boolean>,
): Promise<Confirmed> {
  let count = 0;
  const unlisted: Unrecorded[] = [];
  await each(candidates, async ({ name, zone, isListed }) => {
    const isCounted = count > allowed;
    if (!isCounted && !(await exists({ name, zone }))) return;
    count += 1;
    if (!isListed) unlisted.push({ name, zone });
  });
  return { count, unlisted: unlisted.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

/** Puts a VM with our label but without a record on the list of orphans. The VM itself is not changed yet. */
export async function quarantine(machine: Unrecorded, { store, nowMs, log }: Tools): Promise<void> {
  const atMs = nowMs();
  const orphan = newOrphan(machine, { why: 'unrecorded', atMs, deleteAtMs: atMs + QUARANTINE_MS });
  try {
    await store.commitOnce([insert(ORPHAN, machine.name, orphan)]);
    log.error('a VM without a record was found; it will be stopped, and deleted after some days', {
      vm: machine.name,
      zone: machine.zone,
    });
  } catch (thrown) {
    // The VM is on the list already.
    if (!(thrown instanceof Conflict)) throw thrown;
  }
}

/** Puts a disk with our label but without a volume on the list of orphans. The disk itself is not changed yet. */
export async function quarantineDisk(disk: Unrecorded, { store, nowMs, log }: VolumeTools): Promise<void> {
  const foundAtMs = nowMs();
  const orphan = {
    name: disk.name,
    zone: disk.zone,
    foundAtMs,
    freeSinceMs: null,
    dueAtMs: foundAtMs + QUARANTINE_MS,
    attempts: 0,
  };
  try {
    await store.commitOnce([insert(ORPHAN_DISK, disk.name, orphan)]);
    log.error('a disk without a volume was found; it will be deleted after some days', {
      disk: disk.name,
      zone: disk.zone,
    });
  } catch (thrown) {
    // The disk is on the list already.
    if (!(thrown instanceof Conflict)) throw thrown;
  }
}
