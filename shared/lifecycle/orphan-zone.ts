import { ORPHAN } from '#shared/datastore/bookkeeping-rows.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Tools } from './tools.ts';

/** Returns the zone of a VM whose record was removed; `undefined` when the list of orphans lacks it too. */
export async function orphanZone(instanceId: string, { store }: Pick<Tools, 'store'>): Promise<string | undefined> {
  const orphan = await store.get(ref(ORPHAN, instanceId));
  return orphan?.value.zone;
}
