/** Filters of the list of all instances; they can be combined. */
export const LIST_FILTERS = ['userId', 'customerId', 'statusGroup', 'zone', 'templateId'] as const;
export type ListFilter = (typeof LIST_FILTERS)[number];

/** Filters of the audit trail; they can be combined. */
export const AUDIT_FILTERS = ['actorId', 'object', 'action'] as const;
export type AuditFilter = (typeof AUDIT_FILTERS)[number];

/** Sort orders of a project's instances: properties that consist of a value and the id. */
export const PROJECT_SORTS = ['byCreated', 'byStatus', 'byType'] as const;
export type ProjectSort = (typeof PROJECT_SORTS)[number];

/** Sort orders of a project's bids. */
export const BID_SORTS = ['byCreated', 'byStatus'] as const;
export type BidSort = (typeof BID_SORTS)[number];

/** Filters of a project's bids that use an index; only in the order of creation. */
export const BID_FILTERS = ['name', 'status'] as const;
export type BidFilter = (typeof BID_FILTERS)[number];

/** Selectors of a project's histories; they can be combined. */
export const HISTORY_SELECTORS = ['instanceId', 'bid', 'reservation'] as const;
export type HistorySelector = (typeof HISTORY_SELECTORS)[number];

/**
 * Filters of lists of operations that use an index; they can be combined. Each further one would double the number of
 * queries, so filters that most rows match are applied after reading.
 */
export const OPERATION_FILTERS = ['customerId', 'instanceId', 'state', 'reason'] as const;
export type OperationFilter = (typeof OPERATION_FILTERS)[number];
