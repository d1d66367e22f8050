import { Type } from 'typebox';
import { OPERATION_KINDS } from '#shared/domain/instance.ts';
import { OPERATION_STATES } from '#shared/domain/operation.ts';
import { UNKNOWN_WORD } from '#shared/domain/stored-word.ts';
import { protectionField } from '../common/labels.ts';
import { KEYS_DESCRIPTION, sshField, warningsField } from '../common/ssh-key-fields.ts';
import { ActivityFields } from './activity-schemas.ts';
import { RESOURCE_STATES } from './states.ts';

// Responses may get further members, so their schemas are open; requests are closed, so that a misspelt member is an
// error.

const when = (description: string) =>
  Type.String({ description, format: 'date-time', examples: ['2025-01-15T10:30:00Z'] });

const id = (description: string, example: string) =>
  Type.String({ description, minLength: 1, maxLength: 128, examples: [example] });

/**
 * Compute Engine's rules for labels (https://cloud.google.com/compute/docs/labeling-resources). The service adds one
 * label to the user's 63.
 */
const LABEL_KEY = '^[\\p{Ll}\\p{Lo}][\\p{Ll}\\p{Lo}\\p{N}_-]{0,62}$';
const LABEL_VALUE = '^[\\p{Ll}\\p{Lo}\\p{N}_-]{0,63}$';
const LABELS_MAX = 63;

const SpecFields = {
  type: id(
    'Server type: CPUs, memory and default disk. Or the machine type (`n1-standard-2`) of one, or of a template.',
    'cx31',
  ),
  image: id(
    "Image of the boot disk. Or Compute Engine's path of one of the catalogue, as instances of other families show it.",
    'ubuntu-22.04',
  ),
  vcpus: Type.Optional(
    Type.Integer({
      description: "CPUs, instead of the type's. With `memory_mb` it makes a custom machine type of the type's series.",
      minimum: 1,
      maximum: 1024,
      examples: [2],
    }),
  ),
  memory_mb: Type.Optional(
    Type.Integer({
      description: "Memory in MB, instead of the type's; a multiple of 256.",
      minimum: 1,
      maximum: 33_554_432,
      examples: [4096],
    }),
  ),
  disk_gb: Type.Optional(
    Type.Integer({
      description: "Size of the boot disk in GB, instead of the type's; not smaller than the image.",
      minimum: 1,
      maximum: 65_536,
      examples: [80],
    }),
  ),
  vpc_id: Type.Optional(
    id("VPC of the VM; the platform's default network when neither VPC nor subnet is sent.", 'vpc-abc123'),
  ),
  subnet_id: Type.Optional(id('Subnet of that VPC. It decides the region and the zone.', 'subnet-def456')),
  security_groups: Type.Optional(
    Type.Array(id('A security group.', 'sg-web'), {
      description: 'Security groups: which connections reach the VM.',
      maxItems: 64,
    }),
  ),
  ssh_key_ids: Type.Optional(Type.Array(id('A key.', 'key-001'), { description: KEYS_DESCRIPTION, maxItems: 64 })),
  user_data: Type.Optional(
    Type.String({
      description: 'Script or configuration for cloud-init in base64; decoded at most 32 KiB.',
      examples: ['IyEvYmluL2Jhc2gKYXB0IHVwZGF0ZQ=='],
    }),
  ),
} as const;

const labelMap = {
  type: 'object',
  additionalProperties: { type: 'string', pattern: LABEL_VALUE },
  propertyNames: { type: 'string', pattern: LABEL_KEY },
  maxProperties: LABELS_MAX,
} as const;

export const labelsField = (description: string) =>
  Type.Unsafe<Readonly<Record<string, string>>>({
    ...labelMap,
    description: `${description} Lower-case letters, digits, \`_\` and \`-\`, at most 63 characters each; keys begin with a letter.`,
    examples: [{ env: 'production', team: 'platform' }],
  });

export const CreateResource = Type.Object(
  {
    metadata: Type.Object(
      {
        name: Type.String({
          description: 'Name for people; it need not be unique.',
          pattern: '^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$',
          examples: ['web-server-01'],
        }),
        labels: Type.Optional(labelsField('Labels of the VM.')),
      },
      { description: 'What it is called.', additionalProperties: false },
    ),
    spec: Type.Object(SpecFields, { description: 'What it is made of.', additionalProperties: false }),
  },
  {
    title: 'CreateResource',
    description: 'What to create. Other keys are refused.',
    additionalProperties: false,
  },
);

export const ResourceMetadata = Type.Object(
  {
    name: Type.String({ description: 'Name for people.', examples: ['web-server-01'] }),
    labels: Type.Unsafe<Readonly<Record<string, string>>>({
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Labels of the VM; empty when there are none.',
    }),
    created_at: when('When it was created, in UTC.'),
  },
  { title: 'ResourceMetadata', description: 'What an instance is called.' },
);

export const ResourceSpec = Type.Object(
  { ...SpecFields, deletion_protection: protectionField },
  {
    title: 'ResourceSpec',
    description:
      'What an instance was made from, as it was sent: what was not sent is absent. An instance that was made through another family shows machine type, image and disk.',
  },
);

export const ResourceStatus = Type.Object(
  {
    state: Type.Enum(RESOURCE_STATES, {
      type: 'string',
      description: '`terminated` is an instance that is being deleted, or that has failed for good.',
    }),
    host_id: Type.String({ description: "Compute Engine's numeric id of the VM; empty until known." }),
    private_ip: Type.String({ description: 'Address within the VPC; empty until known.' }),
    public_ip: Type.String({ description: 'Public address; empty until known, or when it has none.' }),
    ssh: Type.Optional(sshField),
    ...ActivityFields,
  },
  { title: 'ResourceStatus', description: 'How an instance is doing.' },
);

const InstanceFields = {
  id: Type.String({ description: 'Unique id; also the name of the VM.', examples: ['inst-550e84-a1b2c3d4'] }),
  metadata: ResourceMetadata,
  spec: ResourceSpec,
  status: ResourceStatus,
} as const;

export const ResourceInstance = Type.Object(InstanceFields, {
  title: 'ResourceInstance',
  description: 'A virtual machine.',
});

export const CreatedResourceInstance = Type.Object(
  {
    ...InstanceFields,
    operation_id: Type.String({
      description: 'Operation that makes it, to follow it.',
      examples: ['op-01jk2m3n4p5q6r7s8t9v'],
    }),
    warnings: Type.Optional(warningsField),
  },
  { title: 'CreatedResourceInstance', description: 'A virtual machine that has just been accepted.' },
);

export const ResourceInstanceList = Type.Object(
  {
    items: Type.Array(ResourceInstance, { description: 'Newest first; empty when there are none.' }),
    next_cursor: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: 'Send it as `next_cursor` to read on; null at the end. Absent where no page was asked for.',
      }),
    ),
  },
  { title: 'ResourceInstanceList', description: 'Instances.' },
);

const operationStatus = (description: string) => Type.Enum(OPERATION_STATES, { type: 'string', description });

export const AcceptedDeletion = Type.Object(
  {
    operation_id: Type.String({ description: 'Operation that deletes it, to follow it.' }),
    status: operationStatus('State of that operation: `pending`, or further when the deletion was asked for before.'),
    resource_id: Type.String({ description: 'Instance that is being deleted.' }),
  },
  { title: 'AcceptedDeletion', description: 'A deletion that was accepted.' },
);

export const ResourceResult = Type.Object(
  {
    state: Type.Optional(
      Type.Enum(RESOURCE_STATES, { type: 'string', description: 'State that the instance was brought to.' }),
    ),
    error: Type.Optional(Type.String({ description: 'Why it failed, in one sentence.' })),
    code: Type.Optional(
      Type.String({ description: 'Why it failed, as a stable word for programs.', examples: ['CAPACITY_EXHAUSTED'] }),
    ),
  },
  {
    title: 'ResourceResult',
    description: '`state` of an operation that succeeded; `error` and `code` of one that failed.',
  },
);

export const ResourceOperation = Type.Object(
  {
    id: Type.String({ description: 'Unique id; ids sort by time.', examples: ['op-01jk2m3n4p5q6r7s8t9v'] }),
    resource_id: Type.String({ description: 'Instance it is about.' }),
    type: Type.Enum([...OPERATION_KINDS, UNKNOWN_WORD], {
      type: 'string',
      description: 'What was asked for; `unknown` for a moment where a newer version of the service accepted it.',
    }),
    status: operationStatus('`completed` and `failed` are final: nothing changes after them.'),
    result: Type.Union([ResourceResult, Type.Null()], { description: 'What came of it; null until it is final.' }),
    created_at: when('When it was accepted.'),
    completed_at: Type.Union([when('When it ended.'), Type.Null()], {
      description: 'When it ended, well or not; null before.',
    }),
  },
  { title: 'ResourceOperation', description: 'One accepted change of one instance.' },
);

export const ResourceError = Type.Object(
  { error: Type.String({ description: 'What went wrong, for people.' }) },
  { title: 'ResourceError', description: 'Body of every error of the resource family.' },
);

/** The schemas that the OpenAPI documents reference by name; the names are their titles. */
export const RESOURCE_SCHEMAS = {
  AcceptedDeletion,
  CreateResource,
  CreatedResourceInstance,
  ResourceError,
  ResourceInstance,
  ResourceInstanceList,
  ResourceMetadata,
  ResourceOperation,
  ResourceResult,
  ResourceSpec,
  ResourceStatus,
} as const;
