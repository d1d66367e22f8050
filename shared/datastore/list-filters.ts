/** Properties of instances by which the list of all instances is filtered; any of them together. */
export const LIST_FILTERS = ['userId', 'customerId', 'statusGroup', 'zone', 'templateId'] as const;
export type ListFilter = (typeof LIST_FILTERS)[number];
