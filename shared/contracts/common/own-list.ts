import { Type } from 'typebox';

/** Filters of a user's own instances, for the compute and the resource family. */
export const ownListFilters = {
  label: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
      description: 'Only instances with this label: `env=prod`, or `env` for any value. Repeated: with all of them.',
      examples: [['env=prod']],
    }),
  ),
  name: Type.Optional(
    Type.String({ description: 'Only instances whose display name begins so.', minLength: 1, maxLength: 63 }),
  ),
};

export const optionalLimit = Type.Optional(
  Type.Integer({ description: 'Instances on a page; without it all are answered.', minimum: 1, maximum: 100 }),
);
