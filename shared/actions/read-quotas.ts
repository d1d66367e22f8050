import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { VOLUME_USAGE } from '#shared/datastore/volume-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { requireProject } from './require-project.ts';

/** The used part of the customer's quotas. All projects of a customer share its quotas. */
export interface QuotasUsed {
  readonly instances: number;
  readonly volumeGb: number;
}

/** Throws `not_found` for a project that is not the caller's. */
export async function readQuotasUsed(
  { caller, project }: { readonly caller: Principal; readonly project: string },
  { store }: Pick<Tools, 'store'>,
): Promise<QuotasUsed> {
  const [, [usage, volumes]] = await Promise.all([
    requireProject(caller, project, { store }),
    store.getAll([ref(USAGE, caller.customerId), ref(VOLUME_USAGE, caller.customerId)]),
  ]);
  return { instances: usage?.value.instances ?? 0, volumeGb: volumes?.value.gb ?? 0 };
}
