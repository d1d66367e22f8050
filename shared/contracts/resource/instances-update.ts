import { CHANGE_FAILURES, EDIT_FAILURES, LIMITED_FAILURES } from '../common/common-failures.ts';
import { EDIT_DESCRIPTION, EDIT_HEADERS } from '../common/labels.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { EditResource } from './edit-schemas.ts';
import { RUNNING_RESOURCE } from './example-values.ts';
import { instanceParams } from './parameters.ts';
import { ResourceInstance } from './schemas.ts';

export const instancesUpdate = contract({
  name: 'resource-instances-update',
  family: 'resource',
  method: 'PATCH',
  path: '/v1/instances/{id}',
  tag: 'Resources',
  summary: 'Edit an instance as a resource',
  description: EDIT_DESCRIPTION,
  role: null,
  limit: 'start',
  idempotent: false,
  clients: ['datastore', 'pubsub'],
  params: instanceParams,
  query: nothing,
  body: EditResource,
  success: [
    {
      status: 200,
      description: 'The instance, with everything changed.',
      body: ResourceInstance,
      headers: EDIT_HEADERS,
    },
    {
      status: 202,
      description: 'The instance, whose VM is being changed.',
      body: ResourceInstance,
      headers: EDIT_HEADERS,
    },
  ],
  failures: [...LIMITED_FAILURES, ...CHANGE_FAILURES, ...EDIT_FAILURES, 'spec_not_possible'],
  examples: [
    {
      summary: 'A label and another name',
      status: 202,
      body: { metadata: { name: 'web-server-02', labels: { env: 'staging' } } },
      answer: RUNNING_RESOURCE,
    },
  ],
});
