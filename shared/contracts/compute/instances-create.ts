import { CREATED_HEADERS } from '../common/answer-headers.ts';
import { contract } from '../contract.ts';
import { CREATE_FAILURES, LIMITED_FAILURES, POST_FAILURES } from '../common/common-failures.ts';
import { PROVISIONING_INSTANCE } from './example-values.ts';
import { nothing } from '../common/parameters.ts';
import { CreatedInstance, CreateInstance } from './schemas.ts';

export const instancesCreate = contract({
  name: 'compute-instances-create',
  family: 'compute',
  method: 'POST',
  path: '/api/compute/v1/instances',
  tag: 'Instances',
  summary: 'Create an instance',
  description: `Creates a VM from a template, in the zone and network of a network configuration. The answer comes as soon as
Compute Engine has accepted the VM: its status is \`PROVISIONING\` and its addresses are empty; read the instance until it
is \`RUNNING\`, usually within a minute. Should the VM fail to start, the instance becomes \`ERROR\` and says why.

The instance counts against the quota of your tier from this moment until it is deleted, stopped or not. Each user who
shares a group with you can see it.

The keys that \`ssh_key_ids\` names may log in, as the user of the image; without it the default keys of your project.
\`warnings\` says so when nobody can.

Send an \`Idempotency-Key\` to be able to repeat the request safely when an answer was lost.`,
  role: null,
  limit: 'create',
  idempotent: true,
  clients: ['datastore', 'pubsub', 'compute'],
  params: nothing,
  query: nothing,
  body: CreateInstance,
  success: [
    {
      status: 201,
      description: 'The instance exists and is being provisioned.',
      body: CreatedInstance,
      headers: CREATED_HEADERS,
    },
  ],
  failures: [
    ...LIMITED_FAILURES,
    ...POST_FAILURES,
    ...CREATE_FAILURES,
    'template_not_found',
    'config_not_found',
    'unknown_ssh_key',
    'template_not_possible',
  ],
  examples: [
    {
      summary: 'From a template, with a network configuration',
      body: { template_id: 'ubuntu-22-standard', config_id: 'default-network' },
      answer: PROVISIONING_INSTANCE,
    },
    {
      summary: 'With a key that may log in',
      body: {
        template_id: 'ubuntu-22-standard',
        config_id: 'default-network',
        ssh_key_ids: ['key-0m4x2k9q1a1b2c3d4e5f6'],
      },
    },
    {
      summary: "In the first zone of the template's region",
      body: { templateID: 'ubuntu-22-standard', zone: '' },
      answer: PROVISIONING_INSTANCE,
    },
  ],
});
