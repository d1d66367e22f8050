import { Type } from 'typebox';

const DESCRIPTION = 'What an instance costs in an hour while it runs; null where the operators have set no price.';

const currency = Type.String({ description: 'ISO 4217.', examples: ['USD'] });

/** Price of the compute family. */
export const price = Type.Union(
  [
    Type.Object({
      centsPerHour: Type.Number({ description: 'Cents for each instance and hour.', minimum: 0 }),
      currency,
    }),
    Type.Null(),
  ],
  { description: DESCRIPTION },
);

/** Price of the resource family. */
export const resourcePrice = Type.Union(
  [
    Type.Object({
      cents_per_hour: Type.Number({ description: 'Cents for each instance and hour.', minimum: 0 }),
      currency,
    }),
    Type.Null(),
  ],
  { description: DESCRIPTION },
);
