/** The words of the resource family for how an instance is. */
export const RESOURCE_STATES = ['provisioning', 'running', 'stopping', 'stopped', 'terminated'] as const;
export type ResourceState = (typeof RESOURCE_STATES)[number];
