import { CLOUD_READ_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { instanceParams } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { SerialOutput, startQuery } from './edit-schemas.ts';

export const EXAMPLE_OUTPUT = { contents: '[    0.000000] Booting Linux\r\n', start: 0, next: 30 } as const;

export const instancesSerialOutput = contract({
  name: 'compute-instances-serial-output',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/instances/{id}/serial-output',
  tag: 'Instances',
  summary: 'Read what an instance has written to its console',
  description: `What the VM has written to its first serial port: what firmware, kernel and cloud-init said when it booted. Compute Engine
keeps the last megabyte. Send \`next\` as \`start\` to read on.`,
  role: null,
  limit: 'get',
  idempotent: false,
  clients: ['datastore', 'compute'],
  params: instanceParams,
  query: startQuery,
  body: null,
  success: [{ status: 200, description: 'The output.', body: SerialOutput }],
  failures: [...LIMITED_FAILURES, ...CLOUD_READ_FAILURES, 'instance_not_found', 'no_virtual_machine'],
  examples: [{ summary: 'The first line', answer: EXAMPLE_OUTPUT }],
});
