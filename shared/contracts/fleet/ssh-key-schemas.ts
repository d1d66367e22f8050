import { Type } from 'typebox';
import { EXAMPLE_PUBLIC_KEY, publicKeyField } from '../common/ssh-key-fields.ts';
import { PROJECT_FID } from './example-values.ts';

/** Bodies of this family's newer operations are open, because callers may send members of later versions. */
const open = { additionalProperties: true } as const;

const KeyFields = {
  fid: Type.String({ description: 'Id of the key.', examples: ['sshkey_0m4x2k9q1a1b2c3d4e5f6'] }),
  name: Type.String({ description: 'Name for people.' }),
  project: Type.String({ description: 'Project that it belongs to.', examples: [PROJECT_FID] }),
  public_key: Type.String({ description: 'The key in one line, as OpenSSH writes it.', minLength: 1 }),
  created_at: Type.String({ description: 'When it was stored, in UTC.', format: 'date-time' }),
  required: Type.Boolean({ description: 'Whether every new instance of the project carries it.' }),
} as const;

export const FleetSshKey = Type.Object(KeyFields, {
  title: 'FleetSshKey',
  description: 'The public half of a key that may log in.',
});

export const FleetNewSshKey = Type.Object(
  {
    ...KeyFields,
    private_key: Type.Union([Type.String(), Type.Null()], {
      description:
        'The private half of a pair that the service made, as PEM. It is shown now, kept nowhere, and never shown again.',
    }),
  },
  { title: 'FleetNewSshKey', description: 'A key that has just been stored.' },
);

export const FleetCreateSshKey = Type.Object(
  {
    project: Type.String({
      description: 'Project, one of yours.',
      minLength: 1,
      maxLength: 128,
      examples: [PROJECT_FID],
    }),
    name: Type.String({
      description: 'Name for people; it need not be unique.',
      minLength: 1,
      maxLength: 128,
      pattern: '^[ -~]+$',
    }),
    public_key: Type.Optional(
      Type.Union([publicKeyField, Type.Null()], {
        description: 'The key in one line, as OpenSSH writes it. Left out or null: the service makes a pair.',
      }),
    ),
    required: Type.Optional(
      Type.Boolean({
        description: 'Whether every new instance of the project carries it; only administrators may say so.',
      }),
    ),
  },
  { title: 'FleetCreateSshKey', description: 'The key to store.', ...open },
);

export const FleetChangeSshKey = Type.Object(
  { required: Type.Boolean({ description: 'Whether every new instance of the project carries it.' }) },
  { title: 'FleetChangeSshKey', description: 'What to change.', ...open },
);

export const EXAMPLE_FLEET_SSH_KEY = {
  fid: 'sshkey_0m4x2k9q1a1b2c3d4e5f6',
  name: 'sky-alice-1704067200',
  project: PROJECT_FID,
  public_key: EXAMPLE_PUBLIC_KEY,
  created_at: '2024-01-01T00:00:00Z',
  required: false,
} as const;
