import { holderOf, type ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import { json, plainFlag, plainText, text, time } from './field.ts';
import { kind, type Kind } from './kind.ts';

/** Keys that users store. A kind of its own: applying the catalogue must not remove what is not in its file. */
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
      // Null for a key that instances get only when it is named: a create finds the others by one short query.
      givenBy: key.isDefault || key.required ? { stringValue: holderOf(key) } : { nullValue: 'NULL_VALUE' },
    }),
  },
);
