import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { ETAG_HEADER } from '../common/labels.ts';
import { STALE_HEADER } from '../common/stale.ts';
import { nothing } from '../common/parameters.ts';
import { contract } from '../contract.ts';
import { RUNNING_RESOURCE } from './example-values.ts';
import { instanceParams } from './parameters.ts';
import { ResourceInstance } from './schemas.ts';

export const instancesGet = contract({
  name: 'resource-instances-get',
  family: 'resource',
  method: 'GET',
  path: '/v1/instances/{id}',
  tag: 'Resources',
  summary: 'Get an instance as a resource',
  description: `Reads one instance that is visible to one of your groups, after comparing its state and addresses with the VM.

An instance that does not exist and one that you may not see get the same answer.`,
  role: null,
  limit: 'get',
  idempotent: false,
  clients: ['datastore', 'compute'],
  params: instanceParams,
  query: nothing,
  body: null,
  success: [
    {
      status: 200,
      description: 'The instance, as its VM is now.',
      body: ResourceInstance,
      headers: { ETag: ETAG_HEADER, 'x-stale': STALE_HEADER },
    },
  ],
  failures: [...LIMITED_FAILURES, 'instance_not_found'],
  examples: [{ summary: 'A running instance', answer: RUNNING_RESOURCE }],
});
