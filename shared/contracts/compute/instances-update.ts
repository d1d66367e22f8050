import { CHANGE_FAILURES, EDIT_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { EDIT_DESCRIPTION, EDIT_HEADERS } from '../common/labels.ts';
import { instanceParams, nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { EditInstance } from './edit-schemas.ts';
import { RUNNING_INSTANCE } from './example-values.ts';
import { Instance } from './schemas.ts';

export const instancesUpdate = contract({
  name: 'compute-instances-update',
  family: 'compute',
  method: 'PATCH',
  path: '/api/compute/v1/instances/{id}',
  tag: 'Instances',
  summary: 'Edit an instance',
  description: EDIT_DESCRIPTION,
  role: null,
  limit: 'start',
  idempotent: false,
  clients: ['datastore', 'pubsub'],
  params: instanceParams,
  query: nothing,
  body: EditInstance,
  success: [
    { status: 200, description: 'The instance, with everything changed.', body: Instance, headers: EDIT_HEADERS },
    { status: 202, description: 'The instance, whose VM is being changed.', body: Instance, headers: EDIT_HEADERS },
  ],
  failures: [...LIMITED_FAILURES, ...CHANGE_FAILURES, ...EDIT_FAILURES, 'edit_not_possible'],
  examples: [
    {
      summary: 'Two labels, of which one goes, and protection',
      status: 202,
      body: { labels: { env: 'production', team: null }, deletion_protection: true },
      answer: RUNNING_INSTANCE,
    },
  ],
});
