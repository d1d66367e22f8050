import { ALL_PROJECTS, PROJECTS_OF_CUSTOMER } from '#shared/datastore/queries.ts';
import { CUSTOMER, PROJECT, type Project } from '#shared/datastore/rows.ts';
import { insert, ref, type Row } from '#shared/datastore/store.ts';
import { Failure } from '#shared/domain/failure.ts';
import { checkCustomerId, checkName, checkProjectId } from './account-names.ts';
import type { AccountsContext, Created, ListOptions, ListPage } from './accounts-context.ts';
import { newProjectId } from './credential-text.ts';
import { unknownCustomer } from './customers.ts';
import { listRows } from './list-rows.ts';

export interface NewProject {
  readonly customerId: string;
  readonly name: string;
  /** Made when absent; asking again with the same one makes nothing new. */
  readonly id?: string;
}

/** Throws `not_found` for an unknown customer, `conflict` when there is a different project of that id. */
export async function createProject(
  context: Pick<AccountsContext, 'store' | 'random'>,
  wanted: NewProject,
): Promise<Created<Project>> {
  const row: Project = {
    id: wanted.id ?? newProjectId(context.random),
    customerId: wanted.customerId,
    name: wanted.name,
  };
  checkProjectId(row.id);
  checkCustomerId(row.customerId);
  checkName(row.name);
  return context.store.change<Created<Project>>(async () => {
    const [customer, existing] = await context.store.getAll([ref(CUSTOMER, row.customerId), ref(PROJECT, row.id)]);
    if (customer === undefined) throw unknownCustomer(row.customerId);
    if (existing === undefined) return { writes: [insert(PROJECT, row.id, row)], result: { row, created: true } };
    const { customerId, name } = existing.value;
    if (customerId !== row.customerId || name !== row.name) {
      throw new Failure('conflict', `Project ${row.id} exists already, as ${name} of customer ${customerId}.`, {
        reason: 'already_exists',
      });
    }
    return { writes: [], result: { row: existing.value, created: false } };
  });
}

/** All projects, or those of a customer, sorted by id. */
export function listProjects(
  context: Pick<AccountsContext, 'store'>,
  options: ListOptions & { readonly customerId?: string },
): Promise<ListPage<Row<Project>>> {
  return listRows(context, { all: ALL_PROJECTS, only: PROJECTS_OF_CUSTOMER }, options.customerId, options);
}
