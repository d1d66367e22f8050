import { STOCKOUT, stockoutId } from '#shared/datastore/volume-rows.ts';
import { put } from '#shared/datastore/write.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { Tools } from './tools.ts';

/**
 * Writes down that Compute Engine had no room for a machine type in a zone, so that the availability list shows none there
 * for some minutes. In a commit of its own, because many machines can fail at once and all write the same row: a write that
 * is lost has been made by another.
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
