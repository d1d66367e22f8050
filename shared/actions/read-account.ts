import { PROJECT, type Project, USER, type User } from '#shared/datastore/account-rows.ts';
import { USERS_OF_CUSTOMER } from '#shared/datastore/queries.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

interface Asking {
  readonly caller: Principal;
}

/** The caller's own row; `undefined` for a user whom a token alone makes known. */
export async function readUser({ caller }: Asking, { store }: Pick<Tools, 'store'>): Promise<User | undefined> {
  return (await store.get(ref(USER, caller.userId)))?.value;
}

/** The caller's projects, the default one first. */
export async function readProjects({ caller }: Asking, { store }: Pick<Tools, 'store'>): Promise<readonly Project[]> {
  const rows = await store.getAll(caller.projects.map((id) => ref(PROJECT, id)));
  // A row of the same id that belongs to another customer is not the caller's.
  return rows.flatMap((row) => (row?.value.customerId === caller.customerId ? [row.value] : []));
}

const PAGE_SIZE = 300;

/** All users of the caller's customer, by id. */
export async function readTeammates({ caller }: Asking, { store }: Pick<Tools, 'store'>): Promise<readonly User[]> {
  const users: User[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.query(
      USERS_OF_CUSTOMER,
      { customerId: { stringValue: caller.customerId } },
      { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) },
    );
    users.push(...page.rows.map(({ value }) => value));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return users;
}
