import { Type, type TSchema } from 'typebox';

/** A member that is always present and may be null. */
export const nullable = <T extends TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description });

export const when = (description: string) =>
  Type.String({ description, format: 'date-time', examples: ['2024-01-01T00:00:00Z'] });

export const fid = (description: string, example: string) => Type.String({ description, examples: [example] });
