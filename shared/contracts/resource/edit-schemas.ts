import { Type } from 'typebox';
import { displayNameField, labelsPatch, protectionField } from '../common/labels.ts';

export const EditResource = Type.Object(
  {
    metadata: Type.Optional(
      Type.Object(
        { name: displayNameField('Name for people; it need not be unique.'), labels: labelsPatch },
        { description: 'What it is called.', additionalProperties: false },
      ),
    ),
    spec: Type.Optional(
      Type.Object(
        {
          type: Type.Optional(
            Type.String({
              description: 'Server type of a stopped instance; CPUs and memory of its own go.',
              minLength: 1,
              maxLength: 128,
              examples: ['cx31'],
            }),
          ),
          ssh_key_ids: Type.Optional(
            Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
              description: 'SSH keys that may log in, instead of those that the VM carries; required ones stay.',
              maxItems: 64,
            }),
          ),
          deletion_protection: protectionField,
        },
        { description: 'What it is made of.', additionalProperties: false },
      ),
    ),
  },
  {
    title: 'EditResource',
    description: 'What to change. Other keys are refused.',
    additionalProperties: false,
    minProperties: 1,
  },
);
