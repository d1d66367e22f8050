const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/*
 * How long rows stay after they have served, for every kind that Datastore deletes by itself (`EXPIRING_KINDS`). Datastore
 * deletes within about a day after that; readers that must not see an expired row check the time themselves.
 */

/** Operations and dead letters can be read for 90 days after they ended. */
export const OPERATION_RETENTION_MS = 90 * DAY_MS;

/** History and price periods can be read for 400 days: thirteen months, so that a year can be compared with the last. */
export const HISTORY_RETENTION_MS = 400 * DAY_MS;

/** The audit trail is kept for 400 days, as history is: thirteen months. */
export const AUDIT_RETENTION_MS = 400 * DAY_MS;

/** How long an Idempotency-Key is remembered: the contract's 24 hours. */
export const IDEMPOTENCY_RETENTION_MS = DAY_MS;

/** A counter serves one minute; processes whose clocks lag may still ask for it a moment later. */
export const COUNTER_RETENTION_MS = MINUTE_MS;
