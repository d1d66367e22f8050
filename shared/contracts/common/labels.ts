import { Type } from 'typebox';

/** Compute Engine's rules for labels (https://cloud.google.com/compute/docs/labeling-resources). */
const LABEL_KEY = '^[\\p{Ll}\\p{Lo}][\\p{Ll}\\p{Lo}\\p{N}_-]{0,62}$';
const LABEL_VALUE = '^[\\p{Ll}\\p{Lo}\\p{N}_-]{0,63}$';

/** Labels as a merge patch: null removes a label, and labels that are not named are kept. */
export const labelsPatch = Type.Optional(
  Type.Unsafe<Readonly<Record<string, string | null>>>({
    type: 'object',
    additionalProperties: { anyOf: [{ type: 'string', pattern: LABEL_VALUE }, { type: 'null' }] },
    propertyNames: { type: 'string', pattern: LABEL_KEY },
    maxProperties: 63,
    description: 'Labels of the VM to set; null takes one away, and those that are not named stay.',
    examples: [{ env: 'production', team: null }],
  }),
);

export const displayNameField = (description: string) =>
  Type.Optional(
    Type.String({ description, pattern: '^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$', examples: ['web-server-01'] }),
  );

export const protectionField = Type.Optional(
  Type.Boolean({ description: 'Nothing deletes the instance while it is true: a DELETE is answered with 409.' }),
);

/** Text about edits, for the compute and the resource family. */
export const EDIT_DESCRIPTION = `A JSON merge patch (RFC 7396): what is not named stays. A name is changed at once. Labels, keys, protection and the
machine type are changed on the VM by an operation of kind \`update\` or \`resize\`: the answer is then 202 and names it, and the
new values show once the VM has them. The machine type is changed while the VM is stopped.

Send \`If-Match\` with the \`ETag\` of your last read to be sure that nobody else has edited the instance since: 412 says so.`;

export const EDIT_HEADERS = {
  ETag: 'Tag of what can be edited, for `If-Match`.',
  'Operation-Location': 'Path of the operation, to follow it.',
  'x-operation-id': 'Id of the operation.',
} as const;
export const ETAG_HEADER = 'Tag of what can be edited about the instance, for `If-Match`; its status is no part of it.';
