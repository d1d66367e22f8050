import { Type } from 'typebox';

/**
 * Accepts any text as an id, because this family returns the same 404 for an id of the wrong format and for one that
 * does not exist.
 */
export const instanceParams = Type.Object(
  {
    id: Type.String({
      description: 'Id of the instance, as its creation answered it.',
      minLength: 1,
      examples: ['inst-550e84-a1b2c3d4'],
    }),
  },
  { additionalProperties: false },
);

export const operationParams = Type.Object(
  {
    id: Type.String({
      description: 'Id of the operation, from the `operation_id` of the answer that accepted it.',
      minLength: 1,
      examples: ['op-01jk2m3n4p5q6r7s8t9v'],
    }),
  },
  { additionalProperties: false },
);
