import { Type } from 'typebox';

export const INSTANCE_ID_PATTERN = '^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$';

/** Schema for no path or query parameters; any parameter that is sent is an error. */
export const nothing = Type.Object({}, { additionalProperties: false });

export const instanceParams = Type.Object(
  {
    id: Type.String({
      description: 'Id of the instance, as its creation answered it.',
      pattern: INSTANCE_ID_PATTERN,
      examples: ['tw-550e84-a1b2c3d4'],
    }),
  },
  { additionalProperties: false },
);

export const templateParams = Type.Object(
  {
    id: Type.String({
      description: 'Id of the template, from `GET /templates`.',
      minLength: 1,
      maxLength: 128,
      examples: ['ubuntu-22-standard'],
    }),
  },
  { additionalProperties: false },
);

export const operationParams = Type.Object(
  {
    id: Type.String({
      description: 'Id of the operation, from the `x-operation-id` header of the answer that accepted it.',
      pattern: '^op-[0-9A-Za-z_-]{1,100}$',
      examples: ['op-01jk2m3n4p5q6r7s8t9v'],
    }),
  },
  { additionalProperties: false },
);

/** Accepts any id; an id of the wrong format is then treated as unknown. */
export const sshKeyParams = Type.Object(
  {
    id: Type.String({
      description: 'Id of the key, as its creation answered it.',
      minLength: 1,
      maxLength: 1_024,
      examples: ['key-0m4x2k9q1a1b2c3d4e5f6'],
    }),
  },
  { additionalProperties: false },
);
