import { Type } from 'typebox';
import { optionalFid } from './parameters.ts';

export const bidParams = Type.Object(
  {
    bid_fid: Type.String({
      description: 'Id of the bid.',
      minLength: 1,
      maxLength: 128,
      examples: ['bid_abc123456789'],
    }),
  },
  { additionalProperties: false },
);

/** Clients send the project together with a bid's id. Refusing the parameter would keep them from cancelling bids. */
export const bidQuery = Type.Object({
  project: optionalFid('Project of the bid; any other is a 404.', 'proj_abc123456789'),
});
