import { INSTANCE } from '#shared/datastore/rows.ts';
import { ref } from '#shared/datastore/write.ts';
import { canSee, instanceNotFound } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import { toCloudError } from '#shared/gce/cloud-error.ts';
import type { SerialOutput } from '#shared/gce/serial-port.ts';
import { askCompute } from '#shared/lifecycle/ask-compute.ts';
import { readFailure, machineOf } from '#shared/lifecycle/cloud-failure.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import type { ReadRequest } from './read-instance.ts';

/** Reads what the instance's VM has written to its first serial port, from byte `start` on. */
export async function readSerialOutput(
  request: ReadRequest & { readonly start: number },
  tools: Pick<Tools, 'store' | 'compute' | 'nowMs' | 'sleep'>,
): Promise<SerialOutput> {
  const row = await tools.store.get(ref(INSTANCE, request.instanceId));
  if (row === undefined || !canSee(request.caller, row.value)) throw instanceNotFound();
  const place = { zone: row.value.zone, name: row.id };
  let output: SerialOutput | undefined;
  try {
    output = await askCompute(() => tools.compute.serialOutput(place, request.start), tools);
  } catch (thrown) {
    const error = toCloudError(thrown);
    // A VM at rest has no port to read.
    if (error.reason !== 'not_ready') throw readFailure(error, machineOf(row.value));
  }
  if (output !== undefined) return output;
  throw new Failure('conflict', `Instance ${row.id} is ${row.value.status}: it has no virtual machine that writes.`, {
    reason: 'no_virtual_machine',
  });
}
