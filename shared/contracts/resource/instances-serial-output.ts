import { CLOUD_READ_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { SerialOutput, startQuery } from '../compute/edit-schemas.ts';
import { EXAMPLE_OUTPUT } from '../compute/instances-serial-output.ts';
import { contract } from '../contract.ts';
import { instanceParams } from './parameters.ts';

export const instancesSerialOutput = contract({
  name: 'resource-instances-serial-output',
  family: 'resource',
  method: 'GET',
  path: '/v1/instances/{id}/serial-output',
  tag: 'Resources',
  summary: 'Read what a resource has written to its console',
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
