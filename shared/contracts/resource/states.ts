/** The resource family's words for an instance's status. */
export const RESOURCE_STATES = ['provisioning', 'running', 'stopping', 'stopped', 'terminated'] as const;
export type ResourceState = (typeof RESOURCE_STATES)[number];
