import { holderOf, type ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import { json, plainFlag, plainText, text, time } from './field.ts';
import { kind, type Kind } from './kind.ts';

/**
 * SSH keys that users store. They are a kind of their own, because applying the catalogue removes rows that its file
 * lacks.
 */
export const PROJECT_SSH_KEY: Kind<ProjectSshKey> = kind<ProjectSshKey>(
  'ProjectSshKey',
  {
    id: text,
    customerId: text,
    project: text,
    userId: plainText,
    name: plainText,
    publicKey: plainText,
    fingerprint: plainText,
    isDefault: plainFlag,
    required: plainFlag,
    labels: json(),
    createdAtMs: time,
  },
  {
    derived: (key) => ({
      holder: { stringValue: holderOf(key) },
      // Null for a key that instances get only when it is named, so that a create finds the others with one short
      // query.
      givenBy: key.isDefault || key.required ? { stringValue: holderOf(key) } : { nullValue: 'NULL_VALUE' },
    }),
  },
);
