import { withoutHash } from '#shared/accounts/api-keys.ts';
import { CUSTOMER, type Customer, SUSPENSION } from '#shared/datastore/account-rows.ts';
import { USAGE } from '#shared/datastore/bookkeeping-rows.ts';
import { TIER } from '#shared/datastore/catalog-rows.ts';
import { API_KEYS_OF_USER, INSTANCES_OF_CUSTOMER, USERS_OF_CUSTOMER } from '#shared/datastore/queries.ts';
import type { ApiKey } from '#shared/datastore/account-rows.ts';
import type { Value } from '#shared/datastore/field.ts';
import type { Shape } from '#shared/datastore/query.ts';
import { ref } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { shownStatus, STATUS_GROUP, type StatusGroup } from '#shared/domain/status.ts';
import type { Suspension } from '#shared/domain/suspension.ts';
import type { Tier } from '#shared/domain/tier.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { readTokensUsed, type TokensUsed } from './read-usage.ts';

/** What operators need to know about a customer. */
export interface CustomerSheet {
  readonly customer: Customer;
  /** `undefined`: the customer's tier is no longer in the catalogue. */
  readonly tier: Tier | undefined;
  readonly suspension: Suspension | undefined;
  /** Number of instances that count against the quota. */
  readonly used: number;
  /** Number of instances on record, by status group. */
  readonly instances: Readonly<Partial<Record<StatusGroup, number>>>;
  /** Present cost of all instances that are being charged, in cents per hour. */
  readonly centsPerHour: number;
  /** Rate-limit tokens used in the present minute. */
  readonly tokens: TokensUsed;
  readonly users: number;
  readonly keys: readonly Omit<ApiKey, 'secretHash'>[];
  /** False: not all rows were read, so the numbers of instances, users and keys and the cost are too low. */
  readonly complete: boolean;
}

/** Maximum number of rows read per kind: more than any customer has, and few enough for one request. */
const ROWS_MAX = 3_000;
const PAGE_SIZE = 300;

/** Throws `not_found`. */
export async function showCustomer(customerId: string, tools: Pick<Tools, 'store' | 'nowMs'>): Promise<CustomerSheet> {
  const { store } = tools;
  const [customer, suspension, usage] = await store.getAll([
    ref(CUSTOMER, customerId),
    ref(SUSPENSION, customerId),
    ref(USAGE, customerId),
  ]);
  if (customer === undefined) {
    throw new Failure('not_found', `There is no customer ${customerId}.`, { reason: 'unknown_customer' });
  }
  const ofCustomer = { customerId: { stringValue: customerId } };
  const [tier, instances, users, tokens] = await Promise.all([
    store.get(ref(TIER, customer.value.tier)),
    rowsOf(INSTANCES_OF_CUSTOMER, ofCustomer, store),
    rowsOf(USERS_OF_CUSTOMER, ofCustomer, store),
    readTokensUsed({ caller: { customerId } }, tools),
  ]);
  const keys = await Promise.all(
    users.values.map(({ id }) => rowsOf(API_KEYS_OF_USER, { userId: { stringValue: id } }, store)),
  );
  return {
    customer: customer.value,
    tier: tier?.value,
    suspension: suspension?.value,
    used: usage?.value.instances ?? 0,
    ...countOf(instances.values),
    tokens,
    users: users.values.length,
    keys: keys.flatMap(({ values }) => values).map(withoutHash),
    complete: [instances, users, ...keys].every(({ complete }) => complete),
  };
}

function countOf(instances: readonly Instance[]): Pick<CustomerSheet, 'instances' | 'centsPerHour'> {
  const byGroup: Partial<Record<StatusGroup, number>> = {};
  for (const { status } of instances) {
    const group = STATUS_GROUP[shownStatus(status)];
    byGroup[group] = (byGroup[group] ?? 0) + 1;
  }
  const centsPerHour = instances.reduce((sum, { metering }) => sum + (metering.charge?.priceCents ?? 0), 0);
  return { instances: byGroup, centsPerHour };
}

async function rowsOf<T>(
  shape: Shape<T>,
  values: Readonly<Record<string, Value>>,
  store: Tools['store'],
): Promise<{ readonly values: readonly T[]; readonly complete: boolean }> {
  const found: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.query(shape, values, { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.rows.map(({ value }) => value));
    cursor = page.cursor;
  } while (cursor !== undefined && found.length < ROWS_MAX);
  return { values: found, complete: cursor === undefined };
}
