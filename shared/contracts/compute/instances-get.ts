import { contract } from '../contract.ts';
import { LIMITED_FAILURES } from '../common/common-failures.ts';
import { ETAG_HEADER } from '../common/labels.ts';
import { STALE_HEADER } from '../common/stale.ts';
import { RUNNING_INSTANCE } from './example-values.ts';
import { instanceParams, nothing } from '../common/parameters.ts';
import { Instance } from './schemas.ts';

export const instancesGet = contract({
  name: 'compute-instances-get',
  family: 'compute',
  method: 'GET',
  path: '/api/compute/v1/instances/{id}',
  tag: 'Instances',
  summary: 'Get an instance',
  description: `Reads one instance that is visible to one of your groups, after comparing its status and addresses with the VM.

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
      body: Instance,
      headers: { ETag: ETAG_HEADER, 'x-stale': STALE_HEADER },
    },
  ],
  failures: [...LIMITED_FAILURES, 'instance_not_found'],
  examples: [{ summary: 'A running instance', answer: RUNNING_INSTANCE }],
});
