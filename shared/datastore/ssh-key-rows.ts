import { holderOf, type ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import { ABSENT, json, plainFlag, plainText, plainTime } from './field.ts';
import { kind, type Kind } from './kind.ts';

/**
 * SSH keys that users store. They are a kind of their own, because applying the catalogue removes rows that its file
 * lacks.
 */
export const PROJECT_SSH_KEY: Kind<ProjectSshKey> = kind<ProjectSshKey>(
  'ProjectSshKey',
  {
    id: plainText,
    customerId: plainText,
    project: plainText,
    userId: plainText,
    name: plainText,
    publicKey: plainText,
    fingerprint: plainText,
    isDefault: plainFlag,
    required: plainFlag,
    labels: json(),
    createdAtMs: plainTime,
  },
  {
    derived: (key) => ({
      holder: { stringValue: holderOf(key) },
      // Null for a key that instances get only when it is named, so that a create finds the others with one short
      // query.
      givenBy: key.isDefault || key.required ? { stringValue: holderOf(key) } : ABSENT,
    }),
  },
);
