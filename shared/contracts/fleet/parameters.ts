import { Type } from 'typebox';

/*
 * An empty parameter counts as absent. A list is comma-separated, a repeated parameter, or both. The family adapter
 * (`readQuery`) normalizes parameters before they are validated.
 */

const FID_LENGTH_MAX = 128;

/** Schema of a fid. Any text is accepted; a fid that does not exist leads to 404, not to a format error. */
export const fid = (description: string, example: string) =>
  Type.String({ description, minLength: 1, maxLength: FID_LENGTH_MAX, examples: [example] });

export const project = fid('Project, one of yours.', 'proj_abc123456789');

export const optionalFid = (description: string, example: string) => Type.Optional(fid(description, example));

export const fidList = (description: string, example: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: FID_LENGTH_MAX }), {
      description,
      examples: [[example]],
    }),
  );

export const limit = (what: string) =>
  Type.Integer({ description: `${what} on a page.`, minimum: 1, maximum: 100, default: 20 });

export const nextCursor = Type.Optional(
  Type.String({ description: '`next_cursor` of the page before; absent for the first page.', maxLength: 2048 }),
);

/** RFC 3339 with any offset. Whether the day exists is checked when the time is parsed. */
export const TIME =
  '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$';

export const time = (description: string) =>
  Type.Optional(Type.String({ description, pattern: TIME, examples: ['2024-01-01T00:00:00Z'] }));

export const instanceParams = Type.Object(
  { instance_fid: fid('Id of the instance.', 'inst_tw-550e84-a1b2c3d4') },
  { additionalProperties: false },
);

/** Returns the query schema of the status history and the price history. */
export const historyQuery = (what: string) =>
  Type.Object(
    {
      project,
      instance_fid: optionalFid('Only this instance.', 'inst_tw-550e84-a1b2c3d4'),
      bid_fid: optionalFid('Only instances of this spot bid.', 'bid_abc123456789'),
      reservation_fid: optionalFid('Only instances of this reservation.', 'res_abc123456789'),
      limit: limit(what),
      start_time: time('Only what began at this time or later.'),
      end_time: time('Only what began before this time.'),
      next_cursor: nextCursor,
    },
    { additionalProperties: false },
  );

export const sshKeyParams = Type.Object(
  { fid: fid('Id of the key.', 'sshkey_0m4x2k9q1a1b2c3d4e5f6') },
  { additionalProperties: false },
);

/**
 * Accepts any parameters: clients of this family send ones that an operation does not have, and refusing, for example,
 * a cancel would leave VMs running.
 */
export const ignored = Type.Object({}, { additionalProperties: true });

export const volumeParams = Type.Object(
  { fid: fid('Id of the volume.', 'vol_vol-550e84-a1b2c3d4') },
  { additionalProperties: false },
);

export const apiKeyParams = Type.Object(
  { fid: fid('Id of the key.', 'apikey_abc123def456gh78') },
  { additionalProperties: false },
);
