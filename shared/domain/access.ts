import { Failure } from './failure.ts';
import type { Principal, Role } from './principal.ts';

/**
 * What belongs to a customer: an instance, its operations, its history, its price periods, the answers kept for it. Rows
 * of such things have both members, so `canSee` takes the row's value as it is.
 */
export interface Owned {
  readonly customerId: string;
  /** The creator's groups at creation. A group name means something within its customer only. */
  readonly visibleBy: readonly string[];
}

/**
 * The one rule of access: administrators see everything; everyone else sees what belongs to their own customer and is
 * visible to one of their groups. The owned thing is one argument, so that no call can leave the customer out.
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

/** The one text for what does not exist and for what is not the caller's, so that the two cannot be told apart. */
export function instanceNotFound(): Failure {
  return new Failure('not_found', 'Instance not found.', { reason: 'instance_not_found' });
}
