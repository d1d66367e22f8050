import type { ReasonEntry } from './reason-entry.ts';

/** Reasons about operators' actions on customers, operations and dead letters, and about the effects on callers. */
export const DESK_REASONS = {
  customer_suspended: {
    kind: 'forbidden',
    title: 'The customer is suspended',
    meaning:
      'An operator has suspended your customer; the answer has their reason. Reading, stopping and deleting still work.',
    remedy: 'Settle the matter with the operator of this service. A resumed customer is let in within seconds.',
    repeat: 'after_change',
  },
  operation_ended: {
    kind: 'conflict',
    title: 'The operation has ended',
    meaning: 'The operation is completed or failed, and nothing is done to it any more.',
    remedy: 'Ask for it again: start, stop or delete the instance.',
    repeat: 'no',
  },
  operation_at_cloud: {
    kind: 'conflict',
    title: 'The operation has reached the cloud',
    meaning: 'Compute Engine was asked already, or a worker is about to ask. What it does cannot be called back.',
    remedy: 'Wait for its end, then ask for the opposite.',
    repeat: 'no',
  },
  operation_not_cancellable: {
    kind: 'conflict',
    title: 'A create or delete cannot be cancelled',
    meaning: 'The instance is being made or removed, and half of that is no state an instance can be left in.',
    remedy: 'Delete the instance; that takes the place of whatever else is queued.',
    repeat: 'no',
  },
  dead_letter_not_found: {
    kind: 'not_found',
    title: 'There is no such dead letter',
    meaning: 'No dead letter has this id: it was discarded, or is older than dead letters are kept.',
    remedy: 'List the dead letters.',
    repeat: 'no',
  },
  cancelled: {
    kind: null,
    title: 'An operator cancelled the operation',
    meaning: 'An operator cancelled the operation before Compute Engine was asked. Nothing has changed.',
    remedy: 'Ask for it again if it is still wanted.',
    repeat: 'after_change',
  },
} as const satisfies Readonly<Record<string, ReasonEntry>>;
