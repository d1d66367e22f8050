import type { InstancesClient } from '@google-cloud/compute';
import { toCloudError } from './cloud-error.ts';

/** A part of what a VM has written to its first serial port. */
export interface SerialOutput {
  readonly contents: string;
  /** Number of the first byte; later than asked when the older output is gone. */
  readonly start: number;
  /** From where to read on. */
  readonly next: number;
}

/** Reading waits no longer for Compute Engine than a caller would. */
const TIMEOUT_MS = 8_000;

/** The output from this byte on; `undefined` when there is no such VM. Throws CloudError. */
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
