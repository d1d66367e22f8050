import { PROJECT } from '#shared/datastore/account-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import { canSee, isAdmin, type Owned } from '#shared/domain/access.ts';
import { Failure } from '#shared/domain/failure.ts';
import { nearestText } from '#shared/domain/nearest.ts';
import type { Principal } from '#shared/domain/principal.ts';

/** Throws `not_found` for a project that is not the caller's; administrators may look into every one that exists. */
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
 * The one text for a project that does not exist and for one that is not the caller's. It names the caller's own projects
 * only: whether another one exists is told to nobody.
 */
export function projectNotFound({ projects }: Pick<Principal, 'projects'>, asked: string): Failure {
  const near = projects.length === 0 ? 'You have no project.' : nearestText(asked, projects);
  const text = `There is no project ${JSON.stringify(asked)}, or it is not yours. ${near} GET /v2/projects lists yours.`;
  return new Failure('not_found', text, { reason: 'project_not_found' });
}

/** Whether a thing is in one of the caller's projects, and visible to the caller as it is in every family. */
export function isInProjects(caller: Principal, owned: Owned & { readonly project: string }): boolean {
  return canSee(caller, owned) && (isAdmin(caller) || caller.projects.includes(owned.project));
}

/**
 * Whether a thing that a whole project shares, such as a volume, is the caller's to use: it belongs to one of the caller's
 * projects and to the caller's own customer. Groups do not matter.
 */
export function isOfProjects(
  caller: Pick<Principal, 'customerId' | 'projects' | 'roles'>,
  owned: { readonly customerId: string; readonly project: string },
): boolean {
  return isAdmin(caller) || (owned.customerId === caller.customerId && caller.projects.includes(owned.project));
}
