import type { Stored } from '#shared/domain/stored-word.ts';
import type { SweepBrake } from '#shared/domain/sweep-brake.ts';
import { expiry, integer, json, nullable, plainText, plainTime, texts, time, unindexed, word } from './field.ts';
import { kind, type Kind } from './kind.ts';
import { OPERATION_RETENTION_MS } from './retention.ts';

/** Number of existing instances of a customer; the id is the customer's. */
export interface Usage {
  readonly instances: number;
}

export const USAGE: Kind<Usage> = kind<Usage>('Usage', { instances: integer });

/** Tokens used by one customer and operation in one minute, as named by the id. Changed by atomic increments only. */
export interface RateCounter {
  readonly count: number;
  /** Sum of the block sizes that processes have claimed: at most this many tokens are taken in advance. */
  readonly ahead: number;
}

export const RATE_COUNTER: Kind<RateCounter> = kind<RateCounter>(
  'RateCounter',
  { count: integer, ahead: integer },
  { missing: () => ({ ahead: 0 }) },
);

/** The response to the first request with an Idempotency-Key. */
export interface IdempotencyRecord {
  readonly bodyHash: string;
  readonly operationId: string;
  readonly instanceId: string;
  /**
   * Customer of the instance. For records of earlier versions, which lack it: the customer that sent the key, from the
   * row's id.
   */
  readonly customerId: string;
  /**
   * The instance's groups: the response is replayed only to callers who may see the instance. `null` in records of
   * earlier versions.
   */
  readonly visibleBy: readonly string[] | null;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text; `""` for a response without a body. */
  readonly body: string;
  /** Until then the first request counts as running; 0 once it has ended. */
  readonly leaseUntilMs: number;
  readonly expireAtMs: number;
}

export const IDEMPOTENCY: Kind<IdempotencyRecord> = kind<IdempotencyRecord>(
  'IdempotencyRecord',
  {
    bodyHash: plainText,
    operationId: plainText,
    instanceId: plainText,
    customerId: plainText,
    visibleBy: nullable(texts),
    status: integer,
    headers: json(),
    body: plainText,
    leaseUntilMs: integer,
    expireAtMs: integer,
  },
  {
    derived: (record) => ({ expireAt: expiry(record.expireAtMs) }),
    missing: (id) => ({ customerId: id.split('|', 1)[0] ?? '', visibleBy: null }),
  },
);

export const ORPHAN_REASONS = ['deleted', 'given_up', 'unrecorded'] as const;
export type OrphanReason = (typeof ORPHAN_REASONS)[number];

/**
 * A VM to be deleted: its instance was deleted, its create failed, or it was found without a record. The id is the VM's
 * name.
 */
export interface Orphan {
  readonly name: string;
  readonly zone: string;
  readonly why: Stored<OrphanReason>;
  readonly foundAtMs: number;
  /** The VM is deleted after this time. */
  readonly deleteAtMs: number;
  /** An absent VM counts as gone only after this time, because an insert in progress could still create it. */
  readonly absentFromMs: number;
  readonly dueAtMs: number;
  /** When a VM without a record was first observed stopped; `null`: not yet. */
  readonly stoppedAtMs: number | null;
  readonly attempts: number;
  /** The delete that is completed once the VM is gone, and its customer; both `""` if there is none. */
  readonly operationId: string;
  readonly customerId: string;
}

export const ORPHAN: Kind<Orphan> = kind<Orphan>(
  'Orphan',
  {
    name: plainText,
    zone: plainText,
    why: unindexed(word(ORPHAN_REASONS)),
    foundAtMs: plainTime,
    deleteAtMs: plainTime,
    absentFromMs: plainTime,
    dueAtMs: time,
    stoppedAtMs: nullable(plainTime),
    attempts: integer,
    operationId: plainText,
    customerId: plainText,
  },
  { missing: () => ({ stoppedAtMs: null, operationId: '', customerId: '' }) },
);

/** The brake of the sweep: one row, or none while the brake is off. */
export const SWEEP_BRAKE: Kind<SweepBrake> = kind<SweepBrake>('SweepBrake', {
  machines: integer,
  records: integer,
  unrecorded: integer,
  engagedAtMs: plainTime,
  releasedAtMs: nullable(plainTime),
  releasedBy: plainText,
  database: plainText,
  epochMs: integer,
});

/** Id of the one row of the brake. */
export const BRAKE = 'sweep';

/** Identifies the database it was written in. In a copy or a restored backup, the marker still names the original. */
export interface DatabaseMarker {
  /** Id of the database; `""`: the default one. */
  readonly database: string;
  /** When Google Cloud created the database; epoch ms, 0 if unknown. */
  readonly epochMs: number;
  readonly madeAtMs: number;
}

export const DATABASE_MARKER: Kind<DatabaseMarker> = kind<DatabaseMarker>('DatabaseMarker', {
  database: plainText,
  epochMs: integer,
  madeAtMs: plainTime,
});

/** Id of the one marker. */
export const MARKER = 'database';

/** A message whose delivery failed in all attempts. */
export interface DeadLetter {
  readonly operationId: string;
  readonly instanceId: string;
  readonly messageId: string;
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly recordedAtMs: number;
}

export const DEAD_LETTER: Kind<DeadLetter> = kind<DeadLetter>(
  'DeadLetter',
  {
    operationId: plainText,
    instanceId: plainText,
    messageId: plainText,
    data: plainText,
    attributes: json(),
    recordedAtMs: time,
  },
  { derived: (letter) => ({ expireAt: expiry(letter.recordedAtMs + OPERATION_RETENTION_MS) }) },
);

/** State that a scheduled job keeps between its runs; the id is the job's name. */
export interface JobState {
  readonly cursor: string;
  readonly ranAtMs: number;
}

export const JOB_STATE: Kind<JobState> = kind<JobState>('JobState', { cursor: plainText, ranAtMs: plainTime });

/** A key that seals data which callers return to us, such as list cursors; the id names the use. It is created once. */
export interface SealingKey {
  /** Lower-case hex of 256 random bits. */
  readonly key: string;
}

export const SEALING_KEY: Kind<SealingKey> = kind<SealingKey>('SealingKey', { key: plainText });
