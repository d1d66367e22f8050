import { type Bid, BID_PHASES, bidStatus, QUOTA_EXCEEDED } from '#shared/domain/bid.ts';
import { position, timeText } from '#shared/domain/sort-key.ts';
import { known } from '#shared/domain/stored-word.ts';
import {
  ABSENT,
  expiry,
  indexedInteger,
  integer,
  json,
  nullable,
  plainFlag,
  plainText,
  plainTime,
  text,
  texts,
  time,
  unindexed,
  word,
} from './field.ts';
import { kind, type Kind, type Properties } from './kind.ts';

export const BID: Kind<Bid> = kind<Bid>(
  'Bid',
  {
    id: plainText,
    name: text,
    project: text,
    userId: plainText,
    customerId: plainText,
    visibleBy: texts,
    tier: plainText,
    zone: plainText,
    instanceType: plainText,
    quantity: integer,
    limitCents: indexedInteger,
    launch: json(),
    machine: json(),
    login: json(),
    idPrefix: plainText,
    phase: unindexed(word(BID_PHASES)),
    instances: json(),
    launched: plainFlag,
    lost: json(),
    reason: json(),
    attempts: integer,
    refusals: integer,
    createdAtMs: plainTime,
    deactivatedAtMs: nullable(plainTime),
    checkAtMs: nullable(time),
    events: json(),
  },
  {
    derived: (bid) => ({
      // Sort key of a project's bids: a unique text of creation time and id, so that a page can end at a position.
      byCreated: { stringValue: position(timeText(bid.createdAtMs), bid.id) },
      ...ofPhase(bid),
    }),
    missing: () => ({ refusals: 0 }),
  },
);

/**
 * Returns the properties that derive from the phase; none for a newer version's phase, so that its properties are kept.
 */
function ofPhase(bid: Bid): Properties {
  if (known(BID_PHASES, bid.phase) === undefined) return {};
  return {
    status: { stringValue: bidStatus(bid) },
    byStatus: { stringValue: position(bidStatus(bid), bid.id) },
    // Null unless the bid holds or launches instances. One short query for each machine type finds the bids whose limit
    // a risen price exceeds.
    heldType: isHeld(bid) ? { stringValue: bid.machine.machineType } : ABSENT,
    // Null unless the bid waits for room in its customer's quota; used to find it when an instance was removed.
    waitsForRoom: waitsForRoom(bid) ? { stringValue: bid.customerId } : ABSENT,
    // Null once the bid has ended; used to find the bids that still need a key or a project.
    liveProject: bid.phase === 'ended' ? ABSENT : { stringValue: bid.project },
  };
}

function isHeld({ phase }: Bid): boolean {
  return phase === 'held' || phase === 'launching';
}

function waitsForRoom({ phase, reason }: Bid): boolean {
  return phase === 'waiting' && reason?.reason === QUOTA_EXCEEDED;
}

/** The bid that a request created, in case the request is repeated; the id derives from caller, project and body. */
export interface RecentBid {
  readonly bidId: string;
  readonly expireAtMs: number;
}

export const RECENT_BID: Kind<RecentBid> = kind<RecentBid>(
  'RecentBid',
  { bidId: plainText, expireAtMs: integer },
  { derived: ({ expireAtMs }) => ({ expireAt: expiry(expireAtMs) }) },
);
