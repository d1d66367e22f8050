import { type Customer, CUSTOMER } from '#shared/datastore/account-rows.ts';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import { countUsers } from '#shared/datastore/count-users.ts';
import {
  ALL_CUSTOMERS,
  CUSTOMERS_OF_TIER,
  INSTANCES_OF_CUSTOMER,
  PROJECTS_OF_CUSTOMER,
  USERS_OF_CUSTOMER,
} from '#shared/datastore/queries.ts';
import { insert, ref, remove, replace, type Row } from '#shared/datastore/write.ts';
import { changedMembers } from '#shared/domain/audit.ts';
import { Failure } from '#shared/domain/failure.ts';
import { InUse } from '#shared/domain/in-use.ts';
import { checkCustomerId, checkName } from './account-names.ts';
import { type AccountsContext, audited, type Created, type ListOptions, type ListPage } from './accounts-context.ts';
import { listRows } from './list-rows.ts';

type Context = Pick<AccountsContext, 'store'>;

export interface NewCustomer {
  readonly id: string;
  readonly tier: string;
  /** Display name; by default the id. */
  readonly name?: string;
}

/**
 * Creates a customer; an existing one with the same values is left unchanged.
 *
 * Throws `not_found` for an unknown tier, `conflict` when a different customer has the id.
 */
export async function createCustomer(context: AccountsContext, wanted: NewCustomer): Promise<Created<Customer>> {
  const row: Customer = { id: wanted.id, name: wanted.name ?? wanted.id, tier: wanted.tier };
  checkCustomerId(row.id);
  checkName(row.name);
  return context.store.change<Created<Customer>>(async () => {
    const [tier, existing] = await context.store.getAll([ref(TIER, row.tier), ref(CUSTOMER, row.id)]);
    if (tier === undefined) throw unknownTier(row.tier);
    if (existing === undefined) {
      const entry = audited(context, { action: 'customer.create', object: `customer ${row.id}`, after: { ...row } });
      return { writes: [insert(CUSTOMER, row.id, row), entry], result: { row, created: true } };
    }
    const { name, tier: held } = existing.value;
    if (held !== row.tier || (wanted.name !== undefined && name !== wanted.name)) {
      throw new Failure('conflict', `Customer ${row.id} exists already, as ${name} on tier ${held}.`, {
        reason: 'already_exists',
      });
    }
    return { writes: [], result: { row: existing.value, created: false } };
  });
}

/** Reads a customer. Throws `not_found`. */
export async function getCustomer(context: Context, id: string): Promise<Row<Customer>> {
  checkCustomerId(id);
  const row = await context.store.get(ref(CUSTOMER, id));
  if (row === undefined) throw unknownCustomer(id);
  return row;
}

/** Lists all customers, or those with a tier, sorted by id. */
export function listCustomers(
  context: Context,
  options: ListOptions & { readonly tier?: string },
): Promise<ListPage<Row<Customer>>> {
  return listRows(context, { all: ALL_CUSTOMERS, only: CUSTOMERS_OF_TIER }, options.tier, options);
}

/** Sets a customer's tier. Throws `not_found` for an unknown customer or tier. */
export async function setCustomerTier(context: AccountsContext, id: string, tier: string): Promise<Customer> {
  checkCustomerId(id);
  return context.store.change(async () => {
    const [customer, known] = await context.store.getAll([ref(CUSTOMER, id), ref(TIER, tier)]);
    if (customer === undefined) throw unknownCustomer(id);
    if (known === undefined) throw unknownTier(tier);
    const value = { ...customer.value, tier };
    if (customer.value.tier === tier) return { writes: [], result: value };
    const entry = audited(context, {
      action: 'customer.set_tier',
      object: `customer ${id}`,
      ...changedMembers(customer.value, value),
    });
    return { writes: [replace(customer, value), entry], result: value };
  });
}

/**
 * Deletes a customer.
 *
 * Throws `not_found`, and `InUse` while the customer has users, projects or instances.
 */
export async function deleteCustomer(context: AccountsContext, id: string): Promise<void> {
  checkCustomerId(id);
  const value = { customerId: { stringValue: id } };
  const what = `customer ${id}`;
  await context.store.change(async () => {
    // The usage is read before the count: a create in between changes its row, so the commit fails and everything is
    // decided again.
    const [customer, usage] = await context.store.getAll([ref(CUSTOMER, id), ref(USAGE, id)]);
    if (customer === undefined) throw unknownCustomer(id);
    const uses = await Promise.all([
      countUsers(context.store, { what, by: 'users' }, USERS_OF_CUSTOMER, value),
      countUsers(context.store, { what, by: 'projects' }, PROJECTS_OF_CUSTOMER, value),
      countUsers(context.store, { what, by: 'instances' }, INSTANCES_OF_CUSTOMER, value),
    ]);
    const found = uses.filter((use) => use !== undefined);
    if (found.length > 0) throw new InUse(found);
    const entry = audited(context, { action: 'customer.delete', object: what, before: { ...customer.value } });
    return { writes: [remove(customer), ...(usage === undefined ? [] : [remove(usage)]), entry], result: undefined };
  });
}

export function unknownCustomer(id: string): Failure {
  return new Failure('not_found', `There is no customer ${id}.`, { reason: 'unknown_customer' });
}

function unknownTier(name: string): Failure {
  return new Failure('not_found', `There is no tier ${name}; tiers are written by \`npm run catalog\`.`, {
    reason: 'unknown_tier',
  });
}
