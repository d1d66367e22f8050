import type { Orphan } from '#shared/datastore/bookkeeping-rows.ts';

/** After a create that was given up without a clear answer, the VM could still appear; so long it is looked for. */
const LATE_INSERT_MS = 10 * 60_000;

export interface OrphanPlan {
  readonly why: Orphan['why'];
  readonly atMs: number;
  /** When the VM may be deleted; at once by default. */
  readonly deleteAtMs?: number;
  /** When the VM is first looked at; by default when it may be deleted. */
  readonly dueAtMs?: number;
  /** The VM's insert may still be on its way: it may appear after it was found absent. */
  readonly mayAppear?: boolean;
  /** The delete that follows the VM until it is gone. */
  readonly followedBy?: Pick<Orphan, 'operationId' | 'customerId'>;
}

const NONE = { operationId: '', customerId: '' };

/** A VM as it goes on the list of those that have to go. */
export function newOrphan(
  { name, zone }: { readonly name: string; readonly zone: string },
  { why, atMs, deleteAtMs = atMs, dueAtMs = deleteAtMs, mayAppear = false, followedBy = NONE }: OrphanPlan,
): Orphan {
  const absentFromMs = mayAppear ? atMs + LATE_INSERT_MS : atMs;
  const times = { foundAtMs: atMs, deleteAtMs, absentFromMs, dueAtMs, stoppedAtMs: null };
  return { name, zone, why, ...times, attempts: 0, ...followedBy };
}
