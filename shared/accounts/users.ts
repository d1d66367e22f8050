import { CUSTOMER, PROJECT, type User, USER } from '#shared/datastore/account-rows.ts';
import { countUsers } from '#shared/datastore/count-users.ts';
import {
  ALL_USERS,
  API_KEYS_OF_USER,
  INSTANCES_OWNED,
  SESSIONS_OF_USER,
  USERS_OF_CUSTOMER,
} from '#shared/datastore/queries.ts';
import { erase, insert, ref, remove, replace, type Row, type Write } from '#shared/datastore/write.ts';
import { changedMembers } from '#shared/domain/audit.ts';
import { Failure } from '#shared/domain/failure.ts';
import { InUse } from '#shared/domain/in-use.ts';
import {
  checkCustomerId,
  checkedGroups,
  checkedProjects,
  checkedRoles,
  checkName,
  checkUserId,
} from './account-names.ts';
import { type AccountsContext, audited, type Created, type ListOptions, type ListPage } from './accounts-context.ts';
import { newUserId } from './credential-text.ts';
import { unknownCustomer } from './customers.ts';
import { everyRow, listRows } from './list-rows.ts';

type Context = Pick<AccountsContext, 'store'>;

export interface NewUser {
  readonly customerId: string;
  /** Groups that may see the user's instances: at least one, except for administrators, who see everything. */
  readonly groups: readonly string[];
  readonly roles?: readonly string[];
  /** Fids of projects of the same customer, the default one first. */
  readonly projects?: readonly string[];
  readonly name?: string;
  /** Version 4 UUID, generated when absent. Creating the same user again changes nothing. */
  readonly id?: string;
}

/** The members of a user that can be changed; absent ones are left unchanged. */
export type UserChanges = Partial<Pick<User, 'name' | 'groups' | 'roles' | 'projects'>>;

/**
 * Creates a user. Throws `not_found` for an unknown customer or project, `conflict` when a different user has the id.
 */
export async function createUser(context: AccountsContext, wanted: NewUser): Promise<Created<User>> {
  const row = checked({
    id: wanted.id ?? newUserId(context.random),
    customerId: wanted.customerId,
    name: wanted.name ?? '',
    groups: wanted.groups,
    roles: wanted.roles ?? [],
    projects: wanted.projects ?? [],
    createdAtMs: context.clock.nowMs(),
  });
  checkCustomerId(row.customerId);
  checkUserId(row.id);
  return context.store.change<Created<User>>(async () => {
    const [customer, existing] = await context.store.getAll([ref(CUSTOMER, row.customerId), ref(USER, row.id)]);
    if (customer === undefined) throw unknownCustomer(row.customerId);
    await checkProjectsOf(context, row);
    if (existing === undefined) {
      const entry = audited(context, { action: 'user.create', object: `user ${row.id}`, after: { ...row } });
      return { writes: [insert(USER, row.id, row), entry], result: { row, created: true } };
    }
    if (!sameUser(existing.value, row)) {
      throw new Failure('conflict', `User ${row.id} exists already, and is different; change it with \`users set\`.`, {
        reason: 'already_exists',
      });
    }
    return { writes: [], result: { row: existing.value, created: false } };
  });
}

/** Reads a user. Throws `not_found`. */
export async function getUser(context: Context, id: string): Promise<Row<User>> {
  checkUserId(id);
  const row = await context.store.get(ref(USER, id));
  if (row === undefined) throw unknownUser(id);
  return row;
}

/** Lists all users, or those of a customer, sorted by id. */
export function listUsers(
  context: Context,
  options: ListOptions & { readonly customerId?: string },
): Promise<ListPage<Row<User>>> {
  return listRows(context, { all: ALL_USERS, only: USERS_OF_CUSTOMER }, options.customerId, options);
}

/**
 * Changes a user. Takes effect for signed-in callers within a minute. Throws `not_found` for an unknown user or
 * project.
 */
export async function updateUser(context: AccountsContext, id: string, changes: UserChanges): Promise<User> {
  return context.store.change(async () => {
    const row = await getUser(context, id);
    const value = checked({ ...row.value, ...changes });
    await checkProjectsOf(context, value);
    if (sameUser(row.value, value)) return { writes: [], result: value };
    const entry = audited(context, {
      action: 'user.update',
      object: `user ${id}`,
      ...changedMembers(row.value, value),
    });
    return { writes: [replace(row, value), entry], result: value };
  });
}

/**
 * Deletes a user with all keys and sessions. The audit entry is in the first commit, and so is everything else, unless it
 * exceeds one commit; an interrupted command can be repeated, because the user's row is deleted last.
 *
 * Throws `not_found`, and `InUse` while the user has instances: they cost money and would have no owner.
 */
export async function deleteUser(
  context: AccountsContext,
  id: string,
): Promise<{ readonly apiKeys: number; readonly sessions: number }> {
  const { store } = context;
  await getUser(context, id);
  const value = { userId: { stringValue: id } };
  const use = await countUsers(store, { what: `user ${id}`, by: 'instances' }, INSTANCES_OWNED, value);
  if (use !== undefined) throw new InUse([use]);

  const apiKeys = await erasesOf(everyRow(context, API_KEYS_OF_USER, value));
  const sessions = await erasesOf(everyRow(context, SESSIONS_OF_USER, value));
  const counts = { apiKeys: apiKeys.length, sessions: sessions.length };
  const erased = [...apiKeys, ...sessions];
  for (let done = 0; done === 0 || done < erased.length; done += BATCH_WRITES) {
    const batch = erased.slice(done, done + BATCH_WRITES);
    const isLast = done + BATCH_WRITES >= erased.length;
    await store.change(async () => {
      const row = await store.get(ref(USER, id));
      // Another operator has deleted the user, and that deletion is on record.
      if (row === undefined) return { writes: batch, result: undefined };
      const change = { action: 'user.delete', object: `user ${id}`, before: { ...row.value, ...counts } } as const;
      const entry = done === 0 ? [audited(context, change)] : [];
      return { writes: [...batch, ...entry, ...(isLast ? [remove(row)] : [])], result: undefined };
    });
  }
  return counts;
}

/** Well below Datastore's limit of 500 writes per commit. */
const BATCH_WRITES = 400;

export function unknownUser(id: string): Failure {
  return new Failure('not_found', `There is no user ${id}.`, { reason: 'unknown_user' });
}

async function erasesOf<T>(pages: AsyncIterable<readonly Row<T>[]>): Promise<readonly Write[]> {
  const erases: Write[] = [];
  for await (const rows of pages) erases.push(...rows.map((row) => erase(row)));
  return erases;
}

function checked(user: User): User {
  checkName(user.name);
  const groups = checkedGroups(user.groups);
  const roles = checkedRoles(user.roles);
  if (groups.length === 0 && roles.length === 0) {
    throw new Failure('invalid_request', 'A user needs a group: instances are visible by the groups of their creator.');
  }
  return { ...user, groups, roles, projects: checkedProjects(user.projects) };
}

async function checkProjectsOf(context: Context, user: User): Promise<void> {
  const rows = await context.store.getAll(user.projects.map((id) => ref(PROJECT, id)));
  user.projects.forEach((id, i) => {
    // A project of another customer is treated as if it did not exist.
    if (rows[i]?.value.customerId === user.customerId) return;
    throw new Failure('not_found', `Customer ${user.customerId} has no project ${id}.`, { reason: 'unknown_project' });
  });
}

function sameUser(a: User, b: User): boolean {
  const text = ({ customerId, name, groups, roles, projects }: User) =>
    JSON.stringify([customerId, name, groups, roles, projects]);
  return text(a) === text(b);
}
