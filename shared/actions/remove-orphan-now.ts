import { type Auditor, auditWrite } from '#shared/datastore/audit-rows.ts';
import { ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ORPHAN_DISK, VOLUME } from '#shared/datastore/volume-rows.ts';
import { ref, replace } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** A VM or disk without a record that the sweep has found. */
export interface ListedOrphan {
  readonly what: 'VM' | 'disk';
  readonly name: string;
  readonly zone: string;
  readonly foundAtMs: number;
}

/** Throws `invalid_request` for a name that the sweep has not found, and for a VM or disk that has a record by now. */
export async function readOrphan(name: string, tools: Pick<Tools, 'store'>): Promise<ListedOrphan> {
  const { what, row } = await listedRow(name, tools);
  const { zone, foundAtMs } = row.value;
  return { what, name, zone, foundAtMs };
}

/**
 * Ends the waiting period for a VM or disk without a record, so that the next sweep deletes it. The sweep still keeps
 * one that is protected from deletion or carries another deployment's label, and a disk that is attached to a VM.
 * Throws like `readOrphan`.
 */
export async function removeOrphanNow(
  name: string,
  auditor: Auditor,
  { store }: Pick<Tools, 'store'>,
): Promise<ListedOrphan> {
  return store.change(async () => {
    const listed = await listedRow(name, { store });
    const nowMs = auditor.nowMs();
    const { zone, foundAtMs } = listed.row.value;
    // The sweep deletes a VM marked `given_up` without a waiting period, and a disk once it has been detached for long
    // enough.
    const write =
      listed.what === 'VM'
        ? replace(listed.row, {
            ...listed.row.value,
            why: 'given_up',
            deleteAtMs: nowMs,
            dueAtMs: nowMs,
            attempts: 0,
          })
        : replace(listed.row, { ...listed.row.value, freeSinceMs: 0, dueAtMs: nowMs, attempts: 0 });
    const entry = auditWrite(auditor, {
      action: 'orphan.remove',
      object: `${listed.what} ${name}`,
      before: { zone, foundAt: new Date(foundAtMs).toISOString() },
    });
    return { writes: [write, entry], result: { what: listed.what, name, zone, foundAtMs } };
  });
}

async function listedRow(name: string, { store }: Pick<Tools, 'store'>) {
  const [vm, disk, instance, volume] = await store.getAll([
    ref(ORPHAN, name),
    ref(ORPHAN_DISK, name),
    ref(INSTANCE, name),
    ref(VOLUME, name),
  ]);
  if (instance !== undefined || volume !== undefined) {
    throw new Failure('invalid_request', `${name} has a record: it is no orphan.`);
  }
  if (vm !== undefined) return { what: 'VM', row: vm } as const;
  if (disk !== undefined) return { what: 'disk', row: disk } as const;
  throw new Failure('invalid_request', `The sweep has no VM or disk ${name} on its list.`);
}
