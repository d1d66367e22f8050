const DAY_MS = 86_400_000;

/** Operations can be read for 90 days after they ended. */
export const OPERATION_RETENTION_MS = 90 * DAY_MS;

/** History can be read for 400 days: thirteen months, so that a year can be compared with the one before. */
export const HISTORY_RETENTION_MS = 400 * DAY_MS;
