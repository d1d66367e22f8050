import { PROJECT_ID } from '#shared/domain/credential-forms.ts';
import { Failure } from '#shared/domain/failure.ts';
import { ROLES, type Role } from '#shared/domain/principal.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const CUSTOMER_ID = /^[a-z][a-z0-9-]{0,62}$/;
const GROUP = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

const NAME_LENGTH_MAX = 200;

/** Maximum numbers per user, which keep the user's row small and access checks fast. */
const GROUPS_MAX = 100;
const PROJECTS_MAX = 100;

function invalid(message: string): Failure {
  return new Failure('invalid_request', message);
}

export function checkCustomerId(id: string): void {
  if (CUSTOMER_ID.test(id) || UUID.test(id)) return;
  throw invalid(`A customer's id is 1 to 63 of a-z, 0-9 and "-", the first a letter, or a UUID; it is ${quoted(id)}.`);
}

export function checkUserId(id: string): void {
  if (!UUID_V4.test(id)) throw invalid(`A user's id is a version 4 UUID in lower case; it is ${quoted(id)}.`);
}

export function checkProjectId(id: string): void {
  if (!PROJECT_ID.test(id)) throw invalid(`A project's id is proj_ and 12 to 32 of a-z and 0-9; it is ${quoted(id)}.`);
}

export function checkName(name: string): void {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (name.length > NAME_LENGTH_MAX || /[\u0000-\u001f\u007f]/.test(name)) {
    throw invalid(`A name is one line of at most ${NAME_LENGTH_MAX} characters; it is ${quoted(name)}.`);
  }
}

/** Validates groups and removes duplicates. */
export function checkedGroups(groups: readonly string[]): readonly string[] {
  for (const group of groups) {
    if (GROUP.test(group)) continue;
    throw invalid(`A group is 1 to 63 letters, digits, ".", "_" and "-"; it is ${quoted(group)}.`);
  }
  return unique(groups, GROUPS_MAX, 'groups');
}

export function checkedRoles(roles: readonly string[]): readonly Role[] {
  const known = roles.map((role) => {
    const found = ROLES.find((candidate) => candidate === role);
    if (found === undefined) throw invalid(`There is no role ${quoted(role)}; there is ${ROLES.join(', ')}.`);
    return found;
  });
  return unique(known, ROLES.length, 'roles');
}

/** Validates projects and removes duplicates; the default project stays first. */
export function checkedProjects(projects: readonly string[]): readonly string[] {
  projects.forEach(checkProjectId);
  return unique(projects, PROJECTS_MAX, 'projects');
}

function unique<W extends string>(words: readonly W[], max: number, plural: string): readonly W[] {
  const found = [...new Set(words)];
  if (found.length > max) throw invalid(`A user has at most ${max} ${plural}; here are ${found.length}.`);
  return found;
}

/** Quotes user input, shortened to one line that is safe to show. */
function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}
