import { Failure } from './failure.ts';
import type { Principal, Role } from './principal.ts';

/**
 * An object that belongs to a customer: an instance, its operations, history and price periods, and the stored
 * responses. The rows of such objects have both members, so they can be passed to `canSee` directly.
 */
export interface Owned {
  readonly customerId: string;
  /** The creator's groups at creation. Group names are unique only within a customer. */
  readonly visibleBy: readonly string[];
}

/**
 * The only access rule: administrators see everything; other callers see objects of their own customer that are visible
 * to one of their groups. Customer and groups are passed as one object, so that no call can omit the customer.
 */
export function canSee(principal: Pick<Principal, 'customerId' | 'groups' | 'roles'>, owned: Owned): boolean {
  if (isAdmin(principal)) return true;
  return owned.customerId === principal.customerId && owned.visibleBy.some((group) => principal.groups.includes(group));
}

export function isAdmin(principal: Pick<Principal, 'roles'>): boolean {
  return hasRole(principal, 'compute_admin');
}

export function hasRole(principal: Pick<Principal, 'roles'>, role: Role): boolean {
  return principal.roles.includes(role);
}

/**
 * Returns the same failure for an instance that does not exist and for one that is not the caller's, so that callers
 * cannot tell the two apart.
 */
export function instanceNotFound(): Failure {
  return new Failure('not_found', 'Instance not found.', { reason: 'instance_not_found' });
}
