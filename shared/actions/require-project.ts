import { PROJECT } from '#shared/datastore/account-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import { canSee, isAdmin, type Owned } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import { nearestText } from '#shared/domain/nearest.ts';
import type { Principal } from '#shared/domain/principal.ts';

/** Throws `not_found` for a project that is not the caller's. Administrators may access every existing project. */
export async function requireProject(
  caller: Principal,
  project: string,
  { store }: { readonly store: Pick<Store, 'get'> },
): Promise<void> {
  if (caller.projects.includes(project)) return;
  if (isAdmin(caller) && (await store.get(ref(PROJECT, project))) !== undefined) return;
  throw projectNotFound(caller, project);
}

/**
 * Returns the same failure for a project that does not exist and for one that is not the caller's. It suggests only the
 * caller's own projects, so it does not reveal whether another one exists.
 */
export function projectNotFound({ projects }: Pick<Principal, 'projects'>, asked: string): Failure {
  const near = projects.length === 0 ? 'You have no project.' : nearestText(asked, projects);
  const text = `There is no project ${JSON.stringify(asked)}, or it is not yours. ${near} GET /v2/projects lists yours.`;
  return new Failure('not_found', text, { reason: 'project_not_found' });
}

/** Returns whether an object is in one of the caller's projects and the caller's groups may see it. */
export function isInProjects(caller: Principal, owned: Owned & { readonly project: string }): boolean {
  return canSee(caller, owned) && (isAdmin(caller) || caller.projects.includes(owned.project));
}

/**
 * Returns whether the caller may use an object that a whole project shares, such as a volume: it must belong to one of
 * the caller's projects and to the caller's customer. Groups are not checked.
 */
export function isOfProjects(
  caller: Pick<Principal, 'customerId' | 'projects' | 'roles'>,
  owned: { readonly customerId: string; readonly project: string },
): boolean {
  return isAdmin(caller) || (owned.customerId === caller.customerId && caller.projects.includes(owned.project));
}
