import type { InstancesClient } from '@google-cloud/compute';
import { toCloudError } from './cloud-error.ts';

/** A part of what a VM has written to its first serial port. */
export interface SerialOutput {
  readonly contents: string;
  /** Offset of the first returned byte; later than requested if older output was discarded. */
  readonly start: number;
  /** Offset from which to continue reading. */
  readonly next: number;
}

/** Timeout of a read; a caller is waiting. */
const TIMEOUT_MS = 8_000;

/** Reads the output from byte `start` on; `undefined` when the VM does not exist. Throws CloudError. */
export async function readSerialPort(
  instances: InstancesClient,
  target: { readonly project: string; readonly zone: string; readonly name: string; readonly start: number },
): Promise<SerialOutput | undefined> {
  const { project, zone, name, start } = target;
  const request = { project, zone, instance: name, port: 1, start };
  try {
    const [found] = await instances.getSerialPortOutput(request, { timeout: TIMEOUT_MS });
    return { contents: found.contents ?? '', start: Number(found.start ?? start), next: Number(found.next ?? start) };
  } catch (thrown) {
    const error = toCloudError(thrown);
    if (error.reason === 'not_found') return undefined;
    throw error;
  }
}
