import { replace, type Row } from '#shared/datastore/write.ts';
import { requestUuid } from '#shared/domain/request-uuid.ts';
import type { Volume } from '#shared/domain/volume.ts';
import { CloudError } from '#shared/gce/cloud-error.ts';
import type { ZoneOperation } from '#shared/gce/compute.ts';
import { askCompute } from './ask-compute.ts';
import type { VolumeTools } from './volume-tools.ts';

/**
 * - `settled`: record and disk are as they should be.
 * - `open`: not yet; the volume is looked at again when it is due.
 * - `refused`: Compute Engine does not make the disk; the volume is taken back.
 */
export type VolumeOutcome =
  { readonly is: 'settled' } | { readonly is: 'open' } | { readonly is: 'refused'; readonly error: CloudError };

export const SETTLED: VolumeOutcome = { is: 'settled' };
export const OPEN: VolumeOutcome = { is: 'open' };

/** A disk takes a second or two; a caller that would wait longer is answered, and the sweep goes on. */
const WAIT_MS = 4_000;
export const LOOK_AGAIN_MS = 15_000;
export const LOOK_AGAIN_MS_MAX = 10 * 60_000;

/** The row after a look or a call: what was found out, and when to look again. */
export async function noteVolume(
  row: Row<Volume>,
  changes: Partial<Volume>,
  { store }: Pick<VolumeTools, 'store'>,
): Promise<void> {
  await store.commitOnce([replace(row, { ...row.value, ...changes })]);
}

/** Looks again later, the later the more attempts have failed. The next call is another call where the last one has ended. */
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

/** The UUID of a volume's call; a repeat after a lost answer has the same one. */
export function volumeRequestId({ id, callNumber }: Volume, verb: string): string {
  return requestUuid(`volume/${id}/${verb}`, callNumber);
}

/** Makes a call and waits a little for its operation. Throws CloudError where the call was refused or its operation failed. */
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

/** An accepted call whose operation ended with an error: it was not applied, and a repeat of it is another call. */
export class OperationFailed extends CloudError {}
