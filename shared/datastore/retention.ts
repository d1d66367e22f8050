const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/*
 * How long rows are kept after their end, for every kind that Datastore deletes (`EXPIRING_KINDS`). Datastore deletes
 * expired rows within about a day, so code that must not read one checks the time itself.
 */

/** Operations and dead letters are kept for 90 days after they ended. */
export const OPERATION_RETENTION_MS = 90 * DAY_MS;

/**
 * History and price periods are kept for 400 days (13 months), so that a month can be compared with the same month a
 * year before.
 */
export const HISTORY_RETENTION_MS = 400 * DAY_MS;

/** The audit trail is kept for 400 days, like history. */
export const AUDIT_RETENTION_MS = 400 * DAY_MS;

/** Idempotency records are kept for 24 hours, as the contract says. */
export const IDEMPOTENCY_RETENTION_MS = DAY_MS;

/** A counter is used for one minute; processes whose clocks are behind may use it slightly longer. */
export const COUNTER_RETENTION_MS = MINUTE_MS;
