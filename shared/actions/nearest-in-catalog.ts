import {
  ALL_IMAGES,
  ALL_NETWORKS,
  ALL_SECURITY_GROUPS,
  ALL_SERVER_TYPES,
  ALL_SUBNETS,
} from '#shared/datastore/queries.ts';
import type { Shape } from '#shared/datastore/query.ts';
import type { Store } from '#shared/datastore/store.ts';
import type { InvalidField } from '#shared/domain/failure.ts';
import { nearestText } from '#shared/domain/nearest.ts';

interface Listed {
  readonly path: string;
  readonly shape: Shape<{ readonly id: string; readonly customerId: string }>;
}

/** The endpoint and the query that list the possible values of a spec member, by the member's JSON pointer. */
const LISTS: Readonly<Record<string, Listed>> = {
  '/spec/type': { path: '/v1/server-types', shape: ALL_SERVER_TYPES },
  '/spec/image': { path: '/v1/images', shape: ALL_IMAGES },
  '/spec/vpc_id': { path: '/v1/vpcs', shape: ALL_NETWORKS },
  '/spec/subnet_id': { path: '/v1/subnets', shape: ALL_SUBNETS },
  '/spec/security_groups': { path: '/v1/security-groups', shape: ALL_SECURITY_GROUPS },
};

/** Operators write the catalogue, so one page of this size holds a whole kind. */
const ROWS_MAX = 1_000;

/** A spec member whose id the catalogue does not hold. */
export interface UnknownId {
  readonly pointer: string;
  readonly id: string;
}

/**
 * Describes an unknown id, with the nearest ids that the customer may use and the path that lists all. The list is read
 * only for requests that are refused anyway.
 */
export async function unknownIdProblem(
  { pointer, id }: UnknownId,
  customerId: string,
  store: Pick<Store, 'query'>,
): Promise<InvalidField> {
  const list = LISTS[pointer];
  const problem = `${JSON.stringify(id)} is not known`;
  if (list === undefined) return { place: 'body', pointer, message: problem, rule: 'catalog' };
  const { rows } = await store.query(list.shape, {}, { limit: ROWS_MAX });
  const usable = rows.filter(({ value }) => value.customerId === '' || value.customerId === customerId);
  const near = nearestText(
    id,
    usable.map((row) => row.value.id),
  ).replace(/\.$/, '');
  return { place: 'body', pointer, message: `${problem}. ${near}; GET ${list.path} lists all`, rule: 'catalog' };
}
