import { INSTANCES_OF_USER } from '#shared/datastore/queries.ts';
import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { canSee, instanceNotFound } from '#shared/domain/access.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { toCloudError } from '#shared/gce/cloud-error.ts';
import { askCompute } from '#shared/lifecycle/ask-compute.ts';
import { cloudFailure } from '#shared/lifecycle/cloud-failure.ts';
import { syncRow } from '#shared/lifecycle/sync-instance.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

export interface ReadRequest {
  readonly instanceId: string;
  readonly caller: Principal;
}

/** One instance, after a look at its VM. What the VM says is put on record when it differs. */
export async function readInstance(
  request: ReadRequest,
  tools: Pick<Tools, 'store' | 'compute' | 'nowMs' | 'sleep' | 'log'>,
): Promise<Instance> {
  const row = await tools.store.get(ref(INSTANCE, request.instanceId));
  if (row === undefined || !canSee(request.caller, row.value)) throw instanceNotFound();
  const place = { zone: row.value.zone, name: row.id };
  try {
    const machine = await askCompute(() => tools.compute.get(place), tools);
    return await syncRow(row, machine, { cause: 'drift' }, tools);
  } catch (thrown) {
    const error = toCloudError(thrown);
    throw error === thrown ? cloudFailure(error, row.value.zone, 'get') : thrown;
  }
}

/** Rows read at once; a list is as long as the quota allows. */
const PAGE_SIZE = 300;

/** The caller's own instances, as far as they may still see them, newest first. */
export async function listOwnInstances(
  request: Pick<ReadRequest, 'caller'>,
  { store }: Pick<Tools, 'store'>,
): Promise<readonly Instance[]> {
  const instances: Instance[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.query(
      INSTANCES_OF_USER,
      { userId: { stringValue: request.caller.userId } },
      { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) },
    );
    instances.push(...page.rows.map(({ value }) => value));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return instances.filter((instance) => canSee(request.caller, instance));
}
