import type { Machine, Place } from '#shared/gce/compute.ts';
import type { Tools } from './tools.ts';

/** Compute Engine's reads are not always consistent; a wrong 404 is over after about this long. */
const LOOK_AGAIN_AFTER_MS = 1_000;

/**
 * Looks again for a VM that Compute Engine has just answered 404 for: after a moment, and in its zone's list. Only when
 * neither shows the VM is it absent (`undefined`). A 404 alone must not end an operation, a price period or a record.
 *
 * Throws CloudError when Compute Engine cannot say.
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

/** The VM, or `undefined` when it is surely absent. Throws CloudError. */
export async function findMachine(
  place: Place,
  tools: Pick<Tools, 'compute' | 'sleep' | 'log'>,
): Promise<Machine | undefined> {
  return (await tools.compute.get(place)) ?? lookAgain(place, tools);
}
