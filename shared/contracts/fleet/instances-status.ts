import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { STALE_HEADER } from '../common/stale.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { BID_FID, INSTANCE_FID } from './example-values.ts';
import { instanceParams } from './parameters.ts';
import { FleetInstanceStatus } from './schemas.ts';

export const instancesStatus = contract({
  name: 'fleet-instances-status',
  family: 'fleet',
  method: 'GET',
  path: '/v2/instances/{instance_fid}/status',
  tag: 'Fleet',
  summary: 'Read the status of an instance',
  description: 'Compares the record with the VM and answers the status that it has now.',
  role: null,
  limit: 'get',
  idempotent: false,
  clients: ['datastore', 'compute'],
  params: instanceParams,
  query: nothing,
  body: null,
  success: [
    { status: 200, description: 'The status.', body: FleetInstanceStatus, headers: { 'x-stale': STALE_HEADER } },
  ],
  failures: [...LIMITED_FAILURES, 'instance_not_found'],
  examples: [
    {
      summary: 'A spot instance that the cloud took away',
      answer: {
        fid: INSTANCE_FID,
        name: 'tw-550e84-a1b2c3d4',
        status: 'STATUS_PREEMPTED',
        bid: BID_FID,
        reservation: null,
        end_time: '2024-01-01T06:30:12Z',
      },
    },
  ],
});
