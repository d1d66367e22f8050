import { replace, type Row } from '#shared/datastore/write.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import type { Volume } from '#shared/domain/volume.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import type { ZoneOperation } from '#shared/gce/compute.ts';
import { askCompute } from './ask-compute.ts';
import type { VolumeTools } from './volume-tools.ts';

/**
 * - `settled`: the disk matches the record.
 * - `open`: the disk does not match the record yet; the volume is checked again when it is due.
 * - `refused`: Compute Engine refused to create the disk; the volume has ended.
 */
export type VolumeOutcome =
  { readonly is: 'settled' } | { readonly is: 'open' } | { readonly is: 'refused'; readonly error: CloudError };

export const SETTLED: VolumeOutcome = { is: 'settled' };
export const OPEN: VolumeOutcome = { is: 'open' };

/** Creating a disk takes a second or two. After this time the caller gets its response, and the sweep continues. */
const WAIT_MS = 4_000;
export const LOOK_AGAIN_MS = 15_000;
export const LOOK_AGAIN_MS_MAX = 10 * 60_000;

/** Writes the result of a read or call to the row, with the time of the next check. */
export async function noteVolume(
  row: Row<Volume>,
  changes: Partial<Volume>,
  { store }: Pick<VolumeTools, 'store'>,
): Promise<void> {
  await store.commitOnce([replace(row, { ...row.value, ...changes })]);
}

/**
 * Schedules the next attempt, later after each failure. `hasEnded`: the last call has failed for good, so the next one
 * needs a new requestId.
 */
export async function postpone(
  row: Row<Volume>,
  { hasEnded }: { readonly hasEnded: boolean },
  tools: Pick<VolumeTools, 'store' | 'nowMs'>,
): Promise<VolumeOutcome> {
  const { attempts, callNumber } = row.value;
  const waitMs = Math.min(LOOK_AGAIN_MS * 2 ** Math.min(attempts, 8), LOOK_AGAIN_MS_MAX);
  const changes = {
    attempts: attempts + 1,
    callNumber: callNumber + (hasEnded ? 1 : 0),
    checkAtMs: tools.nowMs() + waitMs,
  };
  await noteVolume(row, changes, tools);
  return OPEN;
}

/** Returns the requestId of a volume's call; repeats after a lost response have the same one. */
export function volumeRequestId({ id, callNumber }: Volume, verb: string): string {
  return requestUuid(`volume/${id}/${verb}`, callNumber);
}

/**
 * Makes a call and waits briefly for its zone operation. Throws CloudError when the call was refused or the operation
 * failed.
 */
export async function carriedOut(
  zone: string,
  call: () => Promise<ZoneOperation>,
  tools: Pick<VolumeTools, 'compute' | 'nowMs' | 'sleep'>,
): Promise<ZoneOperation> {
  const asked = await askCompute(call, tools);
  const operation = asked.done ? asked : ((await tools.compute.wait(zone, asked.name, WAIT_MS)) ?? asked);
  if (operation.error !== null) throw new OperationFailed(operation.error.reason, operation.error.message);
  return operation;
}

/** An accepted call whose zone operation failed. It was not applied, so a repeat needs a new requestId. */
export class OperationFailed extends CloudError {}
