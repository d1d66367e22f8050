import { ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Tools } from './tools.ts';

/** Where the VM of a delete is whose record is gone; `undefined` when it is on no list either. */
export async function orphanZone(instanceId: string, { store }: Pick<Tools, 'store'>): Promise<string | undefined> {
  const orphan = await store.get(ref(ORPHAN, instanceId));
  return orphan?.value.zone;
}
