import { CUSTOMER, ORDERS, type Project, PROJECT } from '#shared/datastore/account-rows.ts';
import { countUsers } from '#shared/datastore/count-users.ts';
import {
  ALL_PROJECTS,
  LIVE_BIDS_OF_PROJECT,
  projectInstances,
  PROJECTS_OF_CUSTOMER,
  USERS_OF_CUSTOMER,
} from '#shared/datastore/queries.ts';
import { insert, ref, remove, type Row } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import { InUse, type Use, USERS_SHOWN_MAX } from '#shared/domain/in-use.ts';
import type { Orders } from '#shared/domain/orders.ts';
import { checkCustomerId, checkName, checkProjectId } from './account-names.ts';
import { type AccountsContext, audited, type Created, type ListOptions, type ListPage } from './accounts-context.ts';
import { newProjectId } from './credential-text.ts';
import { unknownCustomer } from './customers.ts';
import { everyRow, listRows } from './list-rows.ts';

export interface NewProject {
  readonly customerId: string;
  readonly name: string;
  /** Generated when absent. Creating the same project again changes nothing. */
  readonly id?: string;
}

/** Creates a project. Throws `not_found` for an unknown customer, `conflict` when a different project has the id. */
export async function createProject(context: AccountsContext, wanted: NewProject): Promise<Created<Project>> {
  const row: Project = {
    id: wanted.id ?? newProjectId(context.random),
    customerId: wanted.customerId,
    name: wanted.name,
    createdAtMs: context.clock.nowMs(),
  };
  checkProjectId(row.id);
  checkCustomerId(row.customerId);
  checkName(row.name);
  return context.store.change<Created<Project>>(async () => {
    const [customer, existing] = await context.store.getAll([ref(CUSTOMER, row.customerId), ref(PROJECT, row.id)]);
    if (customer === undefined) throw unknownCustomer(row.customerId);
    if (existing === undefined) {
      const entry = audited(context, { action: 'project.create', object: `project ${row.id}`, after: { ...row } });
      return { writes: [insert(PROJECT, row.id, row), entry], result: { row, created: true } };
    }
    const { customerId, name } = existing.value;
    if (customerId !== row.customerId || name !== row.name) {
      throw new Failure('conflict', `Project ${row.id} exists already, as ${name} of customer ${customerId}.`, {
        reason: 'already_exists',
      });
    }
    return { writes: [], result: { row: existing.value, created: false } };
  });
}

/**
 * Deletes a project and its ended reservations. Its ended spot bids are kept, but can no longer be found.
 *
 * Throws `not_found`, and `InUse` while the project has instances, reservations or spot bids that have not ended, or
 * users.
 */
export async function deleteProject(context: AccountsContext, id: string): Promise<void> {
  checkProjectId(id);
  const { store } = context;
  await store.change(async () => {
    // The orders are read before the count: an order in between changes their row, so the commit fails and everything
    // is decided again.
    const [project, orders] = await store.getAll([ref(PROJECT, id), ref(ORDERS, id)]);
    if (project === undefined) {
      throw new Failure('not_found', `There is no project ${id}.`, { reason: 'unknown_project' });
    }
    const uses = await usesOf({ project, orders }, context);
    if (uses.length > 0) throw new InUse(uses);
    const entry = audited(context, { action: 'project.delete', object: `project ${id}`, before: { ...project.value } });
    return { writes: [remove(project), ...(orders === undefined ? [] : [remove(orders)]), entry], result: undefined };
  });
}

async function usesOf(
  { project, orders }: { readonly project: Row<Project>; readonly orders: Row<Orders> | undefined },
  context: Pick<AccountsContext, 'store'>,
): Promise<readonly Use[]> {
  const { id, value } = project;
  const what = `project ${id}`;
  const { reservations = [] } = orders?.value ?? {};
  const open = reservations.filter(({ endedAtMs }) => endedAtMs === null).map((order) => order.id);
  const members: string[] = [];
  const ofCustomer = { customerId: { stringValue: value.customerId } };
  for await (const users of everyRow(context, USERS_OF_CUSTOMER, ofCustomer)) {
    members.push(...users.filter((user) => user.value.projects.includes(id)).map((user) => user.id));
  }
  const ofProject = { project: { stringValue: id } };
  return [
    await countUsers(context.store, { what, by: 'instances' }, projectInstances('byCreated', 'asc'), ofProject),
    useOf({ what, by: 'reservations' }, open),
    await countUsers(context.store, { what, by: 'spot bids' }, LIVE_BIDS_OF_PROJECT, {
      liveProject: { stringValue: id },
    }),
    useOf({ what, by: 'users' }, members),
  ].filter((use) => use !== undefined);
}

function useOf(names: Pick<Use, 'what' | 'by'>, ids: readonly string[]): Use | undefined {
  return ids.length === 0 ? undefined : { ...names, count: ids.length, first: ids.slice(0, USERS_SHOWN_MAX) };
}

/** Lists all projects, or those of a customer, sorted by id. */
export function listProjects(
  context: Pick<AccountsContext, 'store'>,
  options: ListOptions & { readonly customerId?: string },
): Promise<ListPage<Row<Project>>> {
  return listRows(context, { all: ALL_PROJECTS, only: PROJECTS_OF_CUSTOMER }, options.customerId, options);
}
