import { SSH_KEYS_HELD } from '#shared/datastore/queries.ts';
import type { Store } from '#shared/datastore/store.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { holderOf, type ProjectSshKey } from '#shared/domain/project-ssh-key.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { requireSshKey, sshKeyOwner } from './ssh-key-owner.ts';

/** Rows per query. */
const PAGE_SIZE = 300;

/**
 * Lists the keys of one project or, without a project, of all projects of the caller, newest first. Throws `not_found`
 * for a project that is not the caller's.
 */
export async function listSshKeys(
  { caller, project }: { readonly caller: Principal; readonly project: string | undefined },
  { store }: Pick<Tools, 'store'>,
): Promise<readonly ProjectSshKey[]> {
  const keys = (
    await Promise.all((await holders(caller, project, store)).map((holder) => keysOf(holder, store)))
  ).flat();
  return keys.sort((a, b) => (a.id < b.id ? 1 : -1));
}

export async function readSshKey(
  { caller, keyId }: { readonly caller: Principal; readonly keyId: string },
  { store }: Pick<Tools, 'store'>,
): Promise<ProjectSshKey> {
  return (await requireSshKey(caller, keyId, store)).value;
}

async function holders(caller: Principal, project: string | undefined, store: Store): Promise<readonly string[]> {
  if (project !== undefined) return [holderOf(await sshKeyOwner(caller, project, store))];
  const { customerId, userId, projects } = caller;
  const own = projects.length === 0 ? [''] : [...new Set(projects)];
  return own.map((name) => holderOf({ customerId, userId, project: name }));
}

async function keysOf(holder: string, store: Store): Promise<readonly ProjectSshKey[]> {
  const keys: ProjectSshKey[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.query(
      SSH_KEYS_HELD,
      { holder: { stringValue: holder } },
      { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) },
    );
    keys.push(...page.rows.map(({ value }) => value));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return keys;
}
