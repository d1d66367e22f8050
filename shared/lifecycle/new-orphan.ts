import type { Orphan } from '#shared/datastore/bookkeeping-rows.ts';

/** How long a VM can still appear after a create that ended without a clear answer. */
const LATE_INSERT_MS = 10 * 60_000;

export interface OrphanPlan {
  readonly why: Orphan['why'];
  readonly atMs: number;
  /** When the VM may be deleted; by default at once. */
  readonly deleteAtMs?: number;
  /** When the VM is first checked; by default at `deleteAtMs`. */
  readonly dueAtMs?: number;
  /** True if the VM's insert may still be applied, so the VM can appear after a 404. */
  readonly mayAppear?: boolean;
  /** The delete operation that is completed once the VM is gone. */
  readonly followedBy?: Pick<Orphan, 'operationId' | 'customerId'>;
}

const NONE = { operationId: '', customerId: '' };

/** Returns an entry for the list of orphans, VMs that have to be deleted. */
export function newOrphan(
  { name, zone }: { readonly name: string; readonly zone: string },
  { why, atMs, deleteAtMs = atMs, dueAtMs = deleteAtMs, mayAppear = false, followedBy = NONE }: OrphanPlan,
): Orphan {
  const absentFromMs = mayAppear ? atMs + LATE_INSERT_MS : atMs;
  const times = { foundAtMs: atMs, deleteAtMs, absentFromMs, dueAtMs, stoppedAtMs: null };
  return { name, zone, why, ...times, attempts: 0, ...followedBy };
}
