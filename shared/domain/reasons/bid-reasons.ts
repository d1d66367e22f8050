import type { ReasonEntry } from './reason-entry.ts';

/** Reasons about spot bids and their launch settings. */
export const BID_REASONS = {
  bid_not_found: {
    kind: 'not_found',
    title: 'There is no such spot bid',
    meaning: 'The bid does not exist, or is not in one of your projects and visible to one of your groups.',
    remedy: 'GET /v2/spot/bids lists your bids.',
    repeat: 'no',
  },
  bid_terminated: {
    kind: 'conflict',
    title: 'The spot bid has ended',
    meaning:
      'The bid was cancelled, none of its instances is left, or Compute Engine refused its machine as impossible at every ' +
      'attempt; it cannot be changed any more.',
    remedy: 'Place a new bid; it may have the same name.',
    repeat: 'no',
  },
  image_version_not_found: {
    kind: 'not_found',
    title: 'There is no such image version',
    meaning: 'The catalogue has no image of this fid.',
    remedy: 'GET /v2/image-versions lists all images; without one the latest Ubuntu is used.',
    repeat: 'no',
  },
  cluster_not_found: {
    kind: 'not_found',
    title: 'There is no such Kubernetes cluster',
    meaning: 'Kubernetes clusters are not offered, so there is none of any fid.',
    remedy: 'Leave the cluster out.',
    repeat: 'no',
  },
  image_missing: {
    kind: 'internal',
    title: 'No default image is set up',
    meaning: 'The catalogue has no image of Ubuntu, which a bid without an image version is launched with.',
    remedy: 'Tell the platform’s operators, or name an image version.',
    repeat: 'after_change',
  },
  price_above_limit: {
    kind: null,
    title: 'The spot price is above the limit',
    meaning: 'A machine costs more at the moment than the bid offers for it. The bid stays open until the price falls.',
    remedy: 'Wait, or raise the limit price of the bid.',
    repeat: 'no',
  },
} as const satisfies Readonly<Record<string, ReasonEntry>>;
