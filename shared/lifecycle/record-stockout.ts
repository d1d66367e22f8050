import { STOCKOUT, stockoutId } from '#shared/datastore/volume-rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Tools } from './tools.ts';

/**
 * Records that a zone had no capacity for a machine type, so that the availability list shows 0 there for some minutes.
 * The write has its own commit because many failing creates write the same row at once; if it conflicts, another
 * process has written the same.
 */
export async function recordStockout(
  reason: string | undefined,
  instance: Pick<Instance, 'zone' | 'machine'> | undefined,
  { store, nowMs, log }: Pick<Tools, 'store' | 'nowMs' | 'log'>,
): Promise<void> {
  if (reason !== 'zone_exhausted' || instance === undefined) return;
  const stockout = { zone: instance.zone, machineType: instance.machine.machineType, atMs: nowMs() };
  try {
    await store.commitOnce([put(STOCKOUT, stockoutId(stockout), stockout)]);
  } catch (thrown) {
    log.warn('a stockout could not be put on record', { ...stockout, cause: thrown });
  }
}
