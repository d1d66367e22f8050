/** Properties of instances by which the list of all instances is filtered; any of them together. */
export const LIST_FILTERS = ['userId', 'customerId', 'statusGroup', 'zone', 'templateId'] as const;
export type ListFilter = (typeof LIST_FILTERS)[number];

/** By what the audit trail is filtered, any of them together. */
export const AUDIT_FILTERS = ['actorId', 'object', 'action'] as const;
export type AuditFilter = (typeof AUDIT_FILTERS)[number];

/** By what a project's instances can be sorted: properties that are value and id in one. */
export const PROJECT_SORTS = ['byCreated', 'byStatus', 'byType'] as const;
export type ProjectSort = (typeof PROJECT_SORTS)[number];

/** By what a project's bids can be sorted. */
export const BID_SORTS = ['byCreated', 'byStatus'] as const;
export type BidSort = (typeof BID_SORTS)[number];

/** By what the list of a project's bids in the order of their creation is narrowed by an index. */
export const BID_FILTERS = ['name', 'status'] as const;
export type BidFilter = (typeof BID_FILTERS)[number];

/** By what a project's histories can be narrowed, any of them together. */
export const HISTORY_SELECTORS = ['instanceId', 'bid', 'reservation'] as const;
export type HistorySelector = (typeof HISTORY_SELECTORS)[number];

/**
 * Properties of operations by which lists of them are filtered by index, any of them together. Each more would double the
 * queries; what lets most rows through is filtered while reading.
 */
export const OPERATION_FILTERS = ['customerId', 'instanceId', 'state', 'reason'] as const;
export type OperationFilter = (typeof OPERATION_FILTERS)[number];
