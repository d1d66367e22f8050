import type { Machine, Place } from '#shared/gce/compute.ts';
import type { Tools } from './tools.ts';

/** Reads of Compute Engine can be stale; a wrong 404 is usually corrected after this time. */
const LOOK_AGAIN_AFTER_MS = 1_000;

/**
 * Verifies a 404 for a VM by a second read and by the zone's list; returns `undefined` only if both lack the VM. A
 * single 404 must not end an operation, a price period or a record.
 *
 * Throws CloudError when Compute Engine gives no answer.
 */
export async function lookAgain(
  place: Place,
  { compute, sleep, log }: Pick<Tools, 'compute' | 'sleep' | 'log'>,
): Promise<Machine | undefined> {
  await sleep(LOOK_AGAIN_AFTER_MS);
  const machine = (await compute.get(place)) ?? (await compute.find(place));
  if (machine !== undefined) {
    log.warn('Compute Engine answered that a VM does not exist, and it does', { vm: place.name, zone: place.zone });
  }
  return machine;
}

/** Returns the VM, or `undefined` when it certainly does not exist. Throws CloudError. */
export async function findMachine(
  place: Place,
  tools: Pick<Tools, 'compute' | 'sleep' | 'log'>,
): Promise<Machine | undefined> {
  return (await tools.compute.get(place)) ?? lookAgain(place, tools);
}
