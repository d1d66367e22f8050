import { Type } from 'typebox';
import { EVENT_CAUSES } from '#shared/domain/history.ts';
import { OPERATION_KINDS } from '#shared/domain/instance.ts';
import { OPERATION_STATES } from '#shared/domain/operation.ts';
import { EVENT_STATUSES, INSTANCE_STATUSES } from '#shared/domain/status.ts';
import { UNKNOWN_WORD } from '#shared/domain/stored-word.ts';
import { ActivityFields, statusReasonField } from './activity-schemas.ts';
import { price } from '../common/price-schema.ts';
import { KEYS_DESCRIPTION, sshField, warningsField } from '../common/ssh-key-fields.ts';

// Responses may get further members, so their schemas are open; requests are closed, so that a misspelt member is an
// error.

const when = (description: string) =>
  Type.String({ description, format: 'date-time', examples: ['2024-01-01T00:00:00Z'] });

const instanceStatus = Type.Enum(INSTANCE_STATUSES, {
  type: 'string',
  description:
    "Compute Engine's word for the state of the VM. Two are ours: DELETING while it is being removed, and ERROR when it could not be made or has vanished.",
});

const InstanceFields = {
  id: Type.String({ description: 'Unique id; also the name of the VM.', examples: ['tw-550e84-a1b2c3d4'] }),
  userId: Type.String({ description: 'User who owns the instance.', format: 'uuid' }),
  name: Type.String({ description: 'Name, made by the service: the same as the id.' }),
  zone: Type.String({ description: 'Zone the VM runs in.', examples: ['us-central1-a'] }),
  machineType: Type.String({
    description: 'Machine type, with its zone.',
    examples: ['zones/us-central1-a/machineTypes/n1-standard-2'],
  }),
  externalIp: Type.String({ description: 'External address; empty until the instance runs, or when it has none.' }),
  internalIp: Type.String({ description: 'Internal address; empty until the instance runs.' }),
  status: instanceStatus,
  templateId: Type.String({ description: 'Template it was made from.' }),
  configId: Type.String({ description: 'Network configuration it was made with.' }),
  createdAt: when('When it was created, in UTC.'),
  visibleBy: Type.Array(Type.String(), { description: 'Groups whose members can see and control it.' }),
  customerId: Type.Optional(Type.String({ description: 'Customer who pays for it.' })),
  statusSyncedAt: Type.Optional(when('When the status was last compared with the VM.')),
  statusReason: statusReasonField,
  ssh: Type.Optional(sshField),
  sshKeyIds: Type.Optional(Type.Array(Type.String(), { description: 'SSH keys that the VM carries, by id.' })),
  displayName: Type.Optional(Type.String({ description: 'Name that its owner gave it; the id where none was given.' })),
  labels: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Labels of the VM.' })),
  deletionProtection: Type.Optional(Type.Boolean({ description: 'Nothing deletes the instance while it is true.' })),
  ...ActivityFields,
} as const;

export const Instance = Type.Object(InstanceFields, { title: 'Instance', description: 'A virtual machine.' });

export const CreatedInstance = Type.Object(
  { ...InstanceFields, warnings: Type.Optional(warningsField) },
  { title: 'CreatedInstance', description: 'A virtual machine that has just been accepted.' },
);

export const Template = Type.Object(
  {
    id: Type.String({ description: 'What `template_id` takes.', examples: ['ubuntu-22-standard'] }),
    name: Type.String({ description: 'Name for people.' }),
    description: Type.String({ description: 'What it is good for.' }),
    machineType: Type.String({ description: 'Machine type: CPUs and memory.', examples: ['n1-standard-2'] }),
    diskSizeGb: Type.Integer({ description: 'Size of the boot disk in GB.', minimum: 1 }),
    diskType: Type.String({ description: 'Kind of the boot disk.', examples: ['pd-standard'] }),
    image: Type.String({
      description: 'Image or image family of the boot disk.',
      examples: ['projects/ubuntu-os-cloud/global/images/family/ubuntu-2204-lts'],
    }),
    region: Type.String({ description: 'Region whose zones it can be used in.', examples: ['us-central1'] }),
    price: Type.Optional(price),
  },
  { title: 'Template', description: 'What an instance can be made from: image, CPUs, memory and disk.' },
);

export const NetworkConfig = Type.Object(
  {
    id: Type.String({ description: 'What `config_id` takes.', examples: ['default-network'] }),
    name: Type.String({ description: 'Name for people.' }),
    description: Type.String({ description: 'What it is good for.' }),
    zone: Type.String({ description: 'Zone that instances are made in.', examples: ['us-central1-a'] }),
    network: Type.String({ description: 'Network of the VM.', examples: ['global/networks/default'] }),
    subnetwork: Type.String({ description: 'Subnetwork of the VM; empty when the network chooses.' }),
    tags: Type.Array(Type.String(), { description: 'Network tags, which firewall rules apply to.' }),
    externalIp: Type.Boolean({ description: 'Whether instances get an external address.' }),
  },
  { title: 'NetworkConfig', description: 'Where an instance lives: zone, network and tags.' },
);

const OperationError = Type.Object(
  {
    reason: Type.String({ description: 'Stable word for programs.', examples: ['zone_exhausted'] }),
    message: Type.String({ description: 'One sentence for people.' }),
  },
  { title: 'OperationError', description: 'Why an operation failed.' },
);

export const Operation = Type.Object(
  {
    id: Type.String({ description: 'Unique id; ids sort by time.', examples: ['op-01jk2m3n4p5q6r7s8t9v'] }),
    kind: Type.Enum([...OPERATION_KINDS, UNKNOWN_WORD], {
      type: 'string',
      description: 'What was asked for; `unknown` for a moment where a newer version of the service accepted it.',
    }),
    state: Type.Enum(OPERATION_STATES, {
      type: 'string',
      description: '`completed` and `failed` are final: nothing changes after them.',
    }),
    instanceId: Type.String({ description: 'Instance it is about.' }),
    createdAt: when('When it was accepted.'),
    startedAt: Type.Union([when('When work on it began.'), Type.Null()], {
      description: 'When work on it began; null before.',
    }),
    completedAt: Type.Union([when('When it ended.'), Type.Null()], {
      description: 'When it ended, well or not; null before.',
    }),
    attempts: Type.Integer({ description: 'How often it was tried.', minimum: 0 }),
    error: Type.Union([OperationError, Type.Null()], { description: 'Why it failed; null unless it did.' }),
  },
  { title: 'Operation', description: 'One accepted change of one instance.' },
);

export const HistoryEvent = Type.Object(
  {
    status: Type.Enum([...EVENT_STATUSES, 'UNKNOWN'] as const, {
      type: 'string',
      description:
        "Status that began then, in Compute Engine's words; DELETED ends a deleted instance, UNKNOWN is of a newer version of the service.",
    }),
    at: when('When the status began.'),
    cause: Type.Enum([...EVENT_CAUSES, UNKNOWN_WORD], {
      type: 'string',
      description:
        'What brought it about: an operation, an administrator, an event that the cloud told us of, or a difference that we found.',
    }),
    actor: Type.String({
      description: 'Id of the user who asked for it; the name of the part of the service otherwise.',
    }),
    operationId: Type.Optional(
      Type.Union([Type.String(), Type.Null()], { description: 'The operation that it belongs to; null when to none.' }),
    ),
    reason: Type.Optional(
      Type.Union([Type.String(), Type.Null()], { description: 'Why, where there is more to say; null otherwise.' }),
    ),
    action: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: 'What was done, or failed, where no change of status says it: `reset`; null otherwise.',
        examples: ['reset'],
      }),
    ),
  },
  {
    title: 'HistoryEvent',
    description: 'One change of status; or what an administrator asked for, with the status that there was.',
  },
);

export const HistoryPage = Type.Object(
  {
    events: Type.Array(HistoryEvent, { description: 'Newest first.' }),
    nextCursor: Type.Union([Type.String(), Type.Null()], {
      description: 'Send it as `cursor` to read on; null at the end.',
    }),
  },
  { title: 'HistoryPage', description: 'One page of the history of an instance.' },
);

const InvalidField = Type.Object(
  {
    pointer: Type.String({
      description: 'JSON pointer to the value; empty for the whole.',
      examples: ['/template_id'],
    }),
    place: Type.Enum(['path', 'query', 'header', 'body'], {
      type: 'string',
      description: 'Part of the request that the pointer points into.',
    }),
    message: Type.String({ description: 'What is wrong, in one sentence.' }),
    rule: Type.String({ description: 'Rule that was broken.', examples: ['required'] }),
  },
  { title: 'InvalidField', description: 'One thing that is wrong with a request.' },
);

export const Problem = Type.Object(
  {
    type: Type.String({ description: 'URI reference of the kind of problem.' }),
    title: Type.String({ description: 'Name of the kind of problem.', examples: ['Not Found'] }),
    status: Type.Integer({ description: 'The HTTP status, again.', minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What happened, in a sentence or two; the same as the `x-error` header.' }),
    reason: Type.String({ description: 'Stable word for programs.', examples: ['not_found'] }),
    errorId: Type.String({
      description: 'Unique id of this occurrence, for support; the same as the `x-error-id` header.',
      pattern: '^[0-9a-f]{32}$',
    }),
    errors: Type.Optional(
      Type.Array(InvalidField, { description: 'Everything that is wrong with the request, when it is invalid.' }),
    ),
  },
  { title: 'Problem', description: 'Body of every error (RFC 9457).' },
);

/**
 * The original interface has `template_id` and `config_id`; its later revision has `templateID` and an optional `zone`
 * instead of the config. "One of the two" is expressed with `if`, because `anyOf` would produce one error per
 * alternative.
 */
export const CreateInstance = Type.Object(
  {
    template_id: Type.Optional(
      Type.String({
        description:
          'Template that decides image, CPUs, memory and disk. Required, under this name or as `templateID`.',
        minLength: 1,
        maxLength: 128,
        examples: ['ubuntu-22-standard'],
      }),
    ),
    templateID: Type.Optional(
      Type.String({ description: 'The same as `template_id`; not beside it.', minLength: 1, maxLength: 128 }),
    ),
    config_id: Type.Optional(
      Type.String({
        description: 'Network configuration that decides zone, network and tags. Required, unless `zone` is sent.',
        minLength: 1,
        maxLength: 128,
        examples: ['default-network'],
      }),
    ),
    zone: Type.Optional(
      Type.String({
        description:
          "Zone for the default network configuration, when `config_id` is absent. Empty: the first zone of the template's region, which is `-a` where there is one.",
        pattern: '^([a-z]([-a-z0-9]{0,61}[a-z0-9])?)?$',
        examples: ['us-central1-a'],
      }),
    ),
    ssh_key_ids: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
        description: KEYS_DESCRIPTION,
        maxItems: 64,
        examples: [['key-0m4x2k9q1a1b2c3d4e5f6']],
      }),
    ),
  },
  {
    title: 'CreateInstance',
    description: 'What to create. Other keys are refused.',
    additionalProperties: false,
    allOf: [
      { if: { not: { required: ['templateID'] } }, then: { required: ['template_id'] } },
      { if: { not: { required: ['zone'] } }, then: { required: ['config_id'] } },
    ],
    dependentSchemas: { templateID: { properties: { template_id: false } } },
  },
);

/** The schemas that the OpenAPI documents reference by name; the names are their titles. */
export const COMPUTE_SCHEMAS = {
  CreatedInstance,
  CreateInstance,
  HistoryEvent,
  HistoryPage,
  Instance,
  InvalidField,
  NetworkConfig,
  Operation,
  OperationError,
  Problem,
  Template,
} as const;
