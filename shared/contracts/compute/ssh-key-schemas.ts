import { Type } from 'typebox';
import {
  defaultField,
  EXAMPLE_FINGERPRINT,
  EXAMPLE_KEY_ID,
  EXAMPLE_PUBLIC_KEY,
  keyNameField,
  publicKeyField,
} from '../common/ssh-key-fields.ts';

export const SshKey = Type.Object(
  {
    id: Type.String({ description: 'Unique id, for `ssh_key_ids`.', examples: [EXAMPLE_KEY_ID] }),
    name: keyNameField,
    project: Type.String({ description: 'Project that it belongs to; empty for a user without a project.' }),
    public_key: publicKeyField,
    fingerprint: Type.String({
      description: 'SHA-256 of the key, as `ssh-keygen -l` shows it.',
      examples: [EXAMPLE_FINGERPRINT],
    }),
    default: defaultField,
    required: Type.Boolean({
      description: 'Whether every new instance of the project carries it; administrators decide so.',
    }),
    created_at: Type.String({
      description: 'When it was stored, in UTC.',
      format: 'date-time',
      examples: ['2024-01-01T00:00:00Z'],
    }),
  },
  { title: 'SshKey', description: 'The public half of a key that may log in.' },
);

export const CreateSshKey = Type.Object(
  { name: keyNameField, public_key: publicKeyField, default: Type.Optional(defaultField) },
  { title: 'CreateSshKey', description: 'The key to store. Other keys are refused.', additionalProperties: false },
);

export const EXAMPLE_SSH_KEY = {
  id: EXAMPLE_KEY_ID,
  name: 'laptop',
  project: 'proj_abc123456789',
  public_key: EXAMPLE_PUBLIC_KEY,
  fingerprint: EXAMPLE_FINGERPRINT,
  default: true,
  required: false,
  created_at: '2024-01-01T00:00:00Z',
} as const;
