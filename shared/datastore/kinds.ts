import { API_KEY, CUSTOMER, ORDERS, PROJECT, SESSION, USER, SUSPENSION } from './account-rows.ts';
import { AUDIT_ENTRY } from './audit-rows.ts';
import { BID, RECENT_BID } from './bid-rows.ts';
import {
  DATABASE_MARKER,
  DEAD_LETTER,
  IDEMPOTENCY,
  JOB_STATE,
  ORPHAN,
  RATE_COUNTER,
  SEALING_KEY,
  SWEEP_BRAKE,
  USAGE,
} from './bookkeeping-rows.ts';
import { CATALOG_KINDS } from './catalog-rows.ts';
import type { Kind } from './kind.ts';
import { EVENT, INSTANCE, OPERATION, PRICE_PERIOD } from './rows.ts';
import { PROJECT_SSH_KEY } from './ssh-key-rows.ts';
import { SWEEP_ROUND, SWEEP_SLICE } from './sweep-rows.ts';
import { ORPHAN_DISK, STOCKOUT, VOLUME, VOLUME_NAME, VOLUME_USAGE } from './volume-rows.ts';

/** All kinds, used by the tests of their conversions and by Terraform's list of TTL policies. */
export const KINDS: readonly Kind<unknown>[] = [
  INSTANCE,
  OPERATION,
  EVENT,
  PRICE_PERIOD,
  BID,
  RECENT_BID,
  ORDERS,
  USAGE,
  RATE_COUNTER,
  IDEMPOTENCY,
  ORPHAN,
  DEAD_LETTER,
  JOB_STATE,
  SEALING_KEY,
  SWEEP_BRAKE,
  SWEEP_ROUND,
  SWEEP_SLICE,
  DATABASE_MARKER,
  AUDIT_ENTRY,
  CUSTOMER,
  SUSPENSION,
  USER,
  PROJECT,
  API_KEY,
  SESSION,
  PROJECT_SSH_KEY,
  VOLUME,
  VOLUME_NAME,
  VOLUME_USAGE,
  ORPHAN_DISK,
  STOCKOUT,
  ...CATALOG_KINDS,
];

/** Kinds whose expired rows Datastore deletes, by the property `expireAt`. */
export const EXPIRING_KINDS: readonly string[] = [
  'Operation',
  'InstanceEvent',
  'PricePeriod',
  'RateCounter',
  'IdempotencyRecord',
  'RecentBid',
  'DeadLetter',
  'Session',
  'AuditEntry',
  'Volume',
  'Stockout',
];
