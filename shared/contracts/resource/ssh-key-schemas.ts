import { Type } from 'typebox';
import {
  defaultField,
  EXAMPLE_FINGERPRINT,
  EXAMPLE_KEY_ID,
  EXAMPLE_PUBLIC_KEY,
  keyNameField,
  publicKeyField,
} from '../common/ssh-key-fields.ts';
import { labelsField } from './schemas.ts';

export const ResourceSshKey = Type.Object(
  {
    id: Type.String({ description: 'Unique id, for `spec.ssh_key_ids`.', examples: [EXAMPLE_KEY_ID] }),
    metadata: Type.Object(
      {
        name: keyNameField,
        labels: Type.Unsafe<Readonly<Record<string, string>>>({
          type: 'object',
          additionalProperties: { type: 'string' },
          description: 'Labels; empty when there are none.',
        }),
        created_at: Type.String({ description: 'When it was stored, in UTC.', format: 'date-time' }),
      },
      { description: 'What it is called.' },
    ),
    spec: Type.Object({ public_key: publicKeyField, default: defaultField }, { description: 'What it is.' }),
    status: Type.Object(
      {
        fingerprint: Type.String({
          description: 'SHA-256 of the key, as `ssh-keygen -l` shows it.',
          examples: [EXAMPLE_FINGERPRINT],
        }),
        project: Type.String({ description: 'Project that it belongs to; empty for a user without a project.' }),
        required: Type.Boolean({
          description: 'Whether every new instance of the project carries it; administrators decide so.',
        }),
      },
      { description: 'What the service says of it.' },
    ),
  },
  { title: 'ResourceSshKey', description: 'The public half of a key that may log in.' },
);

export const ResourceSshKeyList = Type.Object(
  { items: Type.Array(ResourceSshKey, { description: 'Newest first; empty when there are none.' }) },
  { title: 'ResourceSshKeyList', description: 'Keys that may log in.' },
);

export const CreateResourceSshKey = Type.Object(
  {
    metadata: Type.Object(
      { name: keyNameField, labels: Type.Optional(labelsField('Labels of the key.')) },
      { description: 'What it is called.', additionalProperties: false },
    ),
    spec: Type.Object(
      { public_key: publicKeyField, default: Type.Optional(defaultField) },
      { description: 'What it is.', additionalProperties: false },
    ),
  },
  {
    title: 'CreateResourceSshKey',
    description: 'The key to store. Other keys are refused.',
    additionalProperties: false,
  },
);

export const EXAMPLE_RESOURCE_SSH_KEY = {
  id: EXAMPLE_KEY_ID,
  metadata: { name: 'laptop', labels: { team: 'platform' }, created_at: '2025-01-15T10:30:00Z' },
  spec: { public_key: EXAMPLE_PUBLIC_KEY, default: true },
  status: { fingerprint: EXAMPLE_FINGERPRINT, project: 'proj_abc123456789', required: false },
} as const;
