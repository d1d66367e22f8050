import { CHANGE_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { INSTANCE_FID, OTHER_INSTANCE_FID } from './example-values.ts';
import { FleetStatusAnswer, FleetStatusChange } from './schemas.ts';

export const instancesUpdate = contract({
  // The action decides: it allows a pause and refuses a start.
  whileSuspended: 'allowed',
  name: 'fleet-instances-update',
  family: 'fleet',
  method: 'PATCH',
  path: '/v2/instances',
  tag: 'Fleet',
  summary: 'Start or pause instances',
  description: `Starts or pauses up to 100 instances. All or nothing is accepted: when one of them is unknown, not ready yet, or belongs to
a spot bid, nothing is done. The answer has an entry for each: STATUS_CONFIRMED for one that will start, STATUS_STOPPING
for one that will pause, and the present status for one that can do neither. Follow it with its status. A paused instance
keeps its place in a reservation, which gives a credit meanwhile.`,
  role: null,
  limit: 'start',
  idempotent: false,
  clients: ['datastore', 'pubsub'],
  params: nothing,
  query: nothing,
  body: FleetStatusChange,
  success: [
    {
      status: 200,
      description: 'Accepted; what became of each instance.',
      body: FleetStatusAnswer,
      headers: { 'x-operation-ids': 'Operations of the instances that have one to do, comma-separated.' },
    },
  ],
  failures: [
    ...LIMITED_FAILURES,
    ...CHANGE_FAILURES,
    'instance_not_found',
    'instance_not_ready',
    'too_many_operations',
    'spot_instance',
    'local_ssd_would_be_lost',
    'customer_suspended',
  ],
  examples: [
    {
      summary: 'Pause two instances, one of which rests already',
      body: { instances: [INSTANCE_FID, OTHER_INSTANCE_FID], status: 'STATUS_PAUSED' },
      answer: { instances: { [INSTANCE_FID]: 'STATUS_STOPPING', [OTHER_INSTANCE_FID]: 'STATUS_PAUSED' } },
    },
  ],
});
