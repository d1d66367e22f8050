import { Type } from 'typebox';
import { TIME } from './parameters.ts';
import { fid, nullable, when } from './schema-parts.ts';

const USER = 'user_550e8400-e29b-41d4-a716-446655440000';

export const FleetMe = Type.Object(
  {
    id: Type.String({ description: 'Plain id of the user.' }),
    fid: fid('Id of the user.', USER),
    email: Type.String({ description: 'Always empty: accounts have no mail addresses.' }),
    user_name: nullable(Type.String(), 'Name of the user.'),
    organization_id: Type.String({ description: 'Customer of the user.' }),
    organization_role: nullable(Type.String(), '`member` or `administrator`.'),
  },
  { title: 'FleetMe', description: 'The user that a credential proves.' },
);

export const FleetTeammate = Type.Object(
  {
    id: Type.String({ description: 'Plain id of the user.' }),
    fid: fid('Id of the user.', USER),
    user_name: nullable(Type.String(), 'Name of the user.'),
    email: nullable(Type.String(), 'Always null: accounts have no mail addresses.'),
    organization_role: nullable(Type.String(), '`member` or `administrator`.'),
    project_ids: Type.Array(Type.String(), { description: 'Projects of the user.' }),
    deactivated_at: nullable(Type.String({ format: 'date-time' }), 'Always null: deleted users are not listed.'),
  },
  { title: 'FleetTeammate', description: 'A user of the same customer.' },
);

export const FleetProject = Type.Object(
  {
    fid: fid('Id of the project.', 'proj_abc123456789'),
    name: Type.String({ description: 'Name of the project.' }),
    created_at: when('When it was created, in UTC.'),
  },
  { title: 'FleetProject', description: 'A project of the caller.' },
);

const ApiKeyFields = {
  fid: fid('Id of the key.', 'apikey_abc123def456gh78'),
  name: Type.String({ description: 'Name of the key.' }),
  created_at: when('When it was made, in UTC.'),
  expires_at: when('When it ends, in UTC; the last day of 9999 for a key without an end.'),
  deactivated_at: nullable(Type.String({ format: 'date-time' }), 'When it was deleted; null while it holds.'),
  snippet: Type.String({ description: 'How the key begins.', examples: ['fkey_abc1...'] }),
} as const;

export const FleetApiKey = Type.Object(ApiKeyFields, {
  title: 'FleetApiKey',
  description: 'An API key of the caller, without its secret.',
});

export const FleetNewApiKey = Type.Object(
  {
    ...ApiKeyFields,
    secret: Type.String({
      description: 'The whole key, for `Authorization: Bearer`. It is shown now and never again.',
    }),
  },
  { title: 'FleetNewApiKey', description: 'An API key that has just been made.' },
);

/** Further members that a client sends are ignored. */
export const FleetCreateApiKey = Type.Object(
  {
    name: Type.String({ description: 'Name of the key.', minLength: 1, maxLength: 200 }),
    expires_at: Type.String({ description: 'When it is to end: a time in the future.', pattern: TIME }),
  },
  { title: 'FleetCreateApiKey', description: 'What a new API key is to be.', additionalProperties: true },
);

export const FleetQuota = Type.Object(
  {
    fid: fid('Id of the quota.', 'quota_instance'),
    project: fid('Project that was asked about.', 'proj_abc123456789'),
    instance_type: nullable(Type.String(), 'Always null: quotas are of all types together.'),
    product_type: Type.Enum(['Instance', 'Volume'], { type: 'string', description: 'What is counted.' }),
    total_quantity: Type.Integer({ description: 'How many are allowed; 2147483647 for no limit.', minimum: 0 }),
    used_quantity: Type.Integer({ description: 'How many there are.', minimum: 0 }),
    units: Type.String({ description: 'Unit of both: `instances` or `GB`.' }),
    name: Type.String({ description: 'Name for people.' }),
  },
  { title: 'FleetQuota', description: 'A quota of the customer, which all projects of the customer share.' },
);

export const ACCOUNT_SCHEMAS = {
  FleetMe,
  FleetTeammate,
  FleetProject,
  FleetApiKey,
  FleetNewApiKey,
  FleetCreateApiKey,
  FleetQuota,
} as const;
