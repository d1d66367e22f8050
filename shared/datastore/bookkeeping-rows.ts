import type { Stored } from '#shared/domain/stored-word.ts';
import type { SweepBrake } from '#shared/domain/sweep-brake.ts';
import { expiry, integer, json, nullable, plainText, text, texts, time, word } from './field.ts';
import { kind, type Kind } from './kind.ts';
import { OPERATION_RETENTION_MS } from './retention.ts';

/** Instances that exist, per customer; the id is the customer's. */
export interface Usage {
  readonly instances: number;
}

export const USAGE: Kind<Usage> = kind<Usage>('Usage', { instances: integer });

/** Tokens of one customer and operation in one minute; the id says which. Counted by increments, never read and written. */
export interface RateCounter {
  readonly count: number;
  /** Of these, tokens that processes may hold in advance: what all their blocks may come to. */
  readonly ahead: number;
}

export const RATE_COUNTER: Kind<RateCounter> = kind<RateCounter>(
  'RateCounter',
  { count: integer, ahead: integer },
  { missing: () => ({ ahead: 0 }) },
);

/** The first answer to a request with an Idempotency-Key. */
export interface IdempotencyRecord {
  readonly bodyHash: string;
  readonly operationId: string;
  readonly instanceId: string;
  /** Customer of the instance. Where an earlier version did not say: the one who sent the key, which the row's id begins with. */
  readonly customerId: string;
  /** Who may have the answer again: those who may see what it is about. `null`: an earlier version did not say. */
  readonly visibleBy: readonly string[] | null;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text, `""` for an answer without a body. */
  readonly body: string;
  /** The first request is still at work until then, unless it says earlier that it is done (0). */
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

/** A VM that must go: left by a delete, by a create that came to nothing, or found without a record. The id is the VM's name. */
export interface Orphan {
  readonly name: string;
  readonly zone: string;
  readonly why: Stored<OrphanReason>;
  readonly foundAtMs: number;
  /** It is deleted from then on. */
  readonly deleteAtMs: number;
  /** It counts as gone when it is absent and this has passed: an insert that is still on its way could yet make it. */
  readonly absentFromMs: number;
  readonly dueAtMs: number;
  /** Since when a VM without a record was seen stopped; `null`: it was not yet. */
  readonly stoppedAtMs: number | null;
  readonly attempts: number;
  /** The delete that follows the VM, and whose it is; `""` when there is none. */
  readonly operationId: string;
  readonly customerId: string;
}

export const ORPHAN: Kind<Orphan> = kind<Orphan>(
  'Orphan',
  {
    name: text,
    zone: plainText,
    why: word(ORPHAN_REASONS),
    foundAtMs: time,
    deleteAtMs: time,
    absentFromMs: time,
    dueAtMs: time,
    stoppedAtMs: nullable(time),
    attempts: integer,
    operationId: plainText,
    customerId: plainText,
  },
  { missing: () => ({ stoppedAtMs: null, operationId: '', customerId: '' }) },
);

/** The brake of the sweep; there is one row at most, and none while the brake is off. */
export const SWEEP_BRAKE: Kind<SweepBrake> = kind<SweepBrake>('SweepBrake', {
  machines: integer,
  records: integer,
  unrecorded: integer,
  engagedAtMs: time,
  releasedAtMs: nullable(time),
  releasedBy: plainText,
  database: plainText,
  epochMs: integer,
});

/** Id of the one row of the brake. */
export const BRAKE = 'sweep';

/** Which database this one was made as: a copy of it, or a backup brought back later, says that it is not that one. */
export interface DatabaseMarker {
  /** Id of the database; `""`: the default one. */
  readonly database: string;
  /** When the database was made, as Google Cloud says; epoch ms, 0 where it is not known. */
  readonly epochMs: number;
  readonly madeAtMs: number;
}

export const DATABASE_MARKER: Kind<DatabaseMarker> = kind<DatabaseMarker>('DatabaseMarker', {
  database: plainText,
  epochMs: integer,
  madeAtMs: time,
});

/** Id of the one marker. */
export const MARKER = 'database';

/** A message that could not be handled in all its attempts. */
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
    operationId: text,
    instanceId: text,
    messageId: plainText,
    data: plainText,
    attributes: json(),
    recordedAtMs: time,
  },
  { derived: (letter) => ({ expireAt: expiry(letter.recordedAtMs + OPERATION_RETENTION_MS) }) },
);

/** What a scheduled job remembers between its runs; the id is the job's. */
export interface JobState {
  readonly cursor: string;
  readonly ranAtMs: number;
}

export const JOB_STATE: Kind<JobState> = kind<JobState>('JobState', { cursor: plainText, ranAtMs: time });

/** A key with which we seal what callers carry for us; the id says what. It is made once and never changes. */
export interface SealingKey {
  /** Lower-case hex of 256 random bits. */
  readonly key: string;
}

export const SEALING_KEY: Kind<SealingKey> = kind<SealingKey>('SealingKey', { key: plainText });
