import { PROJECT, type Project, USER, type User } from '#shared/datastore/account-rows.ts';
import { USERS_OF_CUSTOMER } from '#shared/datastore/queries.ts';
import { ref } from '#shared/datastore/write.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

interface Asking {
  readonly caller: Principal;
}

/** Reads the caller's own row; `undefined` for a user who is known only from an identity provider's token. */
export async function readUser({ caller }: Asking, { store }: Pick<Tools, 'store'>): Promise<User | undefined> {
  return (await store.get(ref(USER, caller.userId)))?.value;
}

/** Reads the caller's projects, the default one first. */
export async function readProjects({ caller }: Asking, { store }: Pick<Tools, 'store'>): Promise<readonly Project[]> {
  const rows = await store.getAll(caller.projects.map((id) => ref(PROJECT, id)));
  // Another customer may have a project of the same id; it is not shown.
  return rows.flatMap((row) => (row?.value.customerId === caller.customerId ? [row.value] : []));
}

const PAGE_SIZE = 300;

/** Reads all users of the caller's customer, ordered by id. */
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
