import { Failure } from './failure.ts';
import type { Principal, Role } from './principal.ts';

/** Who may see a thing: those who share a group with its creator as he was when he made it, and administrators. */
export function canSee(principal: Pick<Principal, 'groups' | 'roles'>, visibleBy: readonly string[]): boolean {
  return isAdmin(principal) || visibleBy.some((group) => principal.groups.includes(group));
}

export function isAdmin(principal: Pick<Principal, 'roles'>): boolean {
  return hasRole(principal, 'compute_admin');
}

export function hasRole(principal: Pick<Principal, 'roles'>, role: Role): boolean {
  return principal.roles.includes(role);
}

/** The one text for what does not exist and for what is not the caller's, so that they cannot be told apart. */
export function instanceNotFound(): Failure {
  return new Failure('not_found', 'Instance not found.', { reason: 'instance_not_found' });
}
