import { Type } from 'typebox';
import { displayNameField, labelsPatch, protectionField } from '../common/labels.ts';

export const EditInstance = Type.Object(
  {
    display_name: displayNameField('Name for people.'),
    labels: labelsPatch,
    ssh_key_ids: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
        description: 'SSH keys that may log in, instead of those that the VM carries; required ones stay.',
        maxItems: 64,
      }),
    ),
    deletion_protection: protectionField,
    machine_type: Type.Optional(
      Type.String({
        description: 'Machine type of a stopped instance: one of a template or a server type.',
        minLength: 1,
        maxLength: 63,
        examples: ['n1-standard-4'],
      }),
    ),
  },
  {
    title: 'EditInstance',
    description: 'What to change. Other keys are refused.',
    additionalProperties: false,
    minProperties: 1,
  },
);

export const SerialOutput = Type.Object(
  {
    contents: Type.String({ description: 'What was written.' }),
    start: Type.Integer({
      description: 'Number of the first byte; later than asked when the older output is gone.',
      minimum: 0,
    }),
    next: Type.Integer({ description: 'Send it as `start` to read on.', minimum: 0 }),
  },
  { title: 'SerialOutput', description: 'A part of what a VM has written to its first serial port.' },
);

export const startQuery = Type.Object(
  {
    start: Type.Integer({
      description: 'Byte to begin with; `next` of the answer before to read on.',
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      default: 0,
    }),
  },
  { additionalProperties: false },
);
