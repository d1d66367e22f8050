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
