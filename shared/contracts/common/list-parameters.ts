import { Type } from 'typebox';

export const pageLimit = (what: string) =>
  Type.Integer({ description: `${what} on a page.`, minimum: 1, maximum: 100, default: 20 });

export const cursorParameter = (member: string) =>
  Type.Optional(
    Type.String({
      description: `${/^\w+$/.test(member) ? `\`${member}\`` : member} of the page before; absent for the first page.`,
      minLength: 1,
      maxLength: 2048,
    }),
  );

/** RFC 3339 with any offset. Whether the day exists is checked when the time is parsed. */
const TIME =
  '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$';

export const timeParameter = (description: string) =>
  Type.Optional(Type.String({ description, pattern: TIME, examples: ['2024-01-01T00:00:00Z'] }));
