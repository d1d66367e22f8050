import { Type } from 'typebox';

const service = Type.String({ description: 'Service.', minLength: 1, maxLength: 64, examples: ['compute-api'] });
const feature = Type.String({
  description: 'Key of a quota or limit.',
  minLength: 1,
  maxLength: 64,
  examples: ['create_per_minute'],
});

export const serviceParams = Type.Object({ service }, { additionalProperties: false });
export const featureParams = Type.Object({ service, feature }, { additionalProperties: false });
export const usageParams = Type.Object({ feature }, { additionalProperties: false });
