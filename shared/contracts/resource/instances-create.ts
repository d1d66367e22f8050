import { nothing } from '../common/parameters.ts';
import { CREATE_FAILURES, LIMITED_FAILURES, POST_FAILURES } from '../common/common-failures.ts';
import { CREATED_HEADERS } from '../common/answer-headers.ts';
import { contract } from '../contract.ts';
import { METADATA, PROVISIONING_RESOURCE, SPEC } from './example-values.ts';
import { CreatedResourceInstance, CreateResource } from './schemas.ts';

export const instancesCreate = contract({
  name: 'resource-instances-create',
  family: 'resource',
  method: 'POST',
  path: '/v1/instances',
  tag: 'Resources',
  summary: 'Create an instance from a spec',
  description: `Creates a VM from a server type and an image, with whatever else the spec asks for. The answer comes as soon as Compute
Engine has accepted the VM: its state is \`provisioning\` and what is not known yet is an empty string. Follow the operation
that \`operation_id\` names, or read the instance.

A spec that names what is not in your catalogue, or a machine that cannot be, is answered with 422, which says everything
that is wrong with it at once. The instance counts against the quota of your tier until it is deleted.

Send an \`Idempotency-Key\` to be able to repeat the request safely when an answer was lost.`,
  role: null,
  limit: 'create',
  idempotent: true,
  clients: ['datastore', 'pubsub', 'compute'],
  params: nothing,
  query: nothing,
  body: CreateResource,
  success: [
    {
      status: 201,
      description: 'The instance exists and is being provisioned.',
      body: CreatedResourceInstance,
      headers: CREATED_HEADERS,
    },
  ],
  failures: [...LIMITED_FAILURES, ...POST_FAILURES, ...CREATE_FAILURES, 'spec_not_possible', 'default_network_missing'],
  examples: [
    {
      summary: 'Everything that a spec can say',
      body: { metadata: METADATA, spec: SPEC },
      answer: { ...PROVISIONING_RESOURCE, operation_id: 'op-01jk2m3n4p5q6r7s8t9v' },
    },
    {
      summary: 'The least that a spec must say',
      body: { metadata: { name: 'web-server-02' }, spec: { type: 'cx31', image: 'ubuntu-22.04' } },
    },
  ],
});
