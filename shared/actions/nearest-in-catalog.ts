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

/** Where what a member of a spec names is listed. */
const LISTS: Readonly<Record<string, Listed>> = {
  '/spec/type': { path: '/v1/server-types', shape: ALL_SERVER_TYPES },
  '/spec/image': { path: '/v1/images', shape: ALL_IMAGES },
  '/spec/vpc_id': { path: '/v1/vpcs', shape: ALL_NETWORKS },
  '/spec/subnet_id': { path: '/v1/subnets', shape: ALL_SUBNETS },
  '/spec/security_groups': { path: '/v1/security-groups', shape: ALL_SECURITY_GROUPS },
};

/** A catalogue is made by hand: one page holds what a message chooses from. */
const ROWS_MAX = 1_000;

/** An id that the catalogue does not hold, at a member of a spec. */
export interface UnknownId {
  readonly pointer: string;
  readonly id: string;
}

/**
 * The problem that names an unknown id, with the nearest ids that the customer may use and the path that lists all. Only
 * refused requests pay for the look-up.
 */
export async function unknownIdProblem(
  { pointer, id }: UnknownId,
  customerId: string,
  store: Pick<Store, 'query'>,
): Promise<InvalidField> {
  const list = LISTS[pointer];
  const told = `${JSON.stringify(id)} is not known`;
  if (list === undefined) return { place: 'body', pointer, message: told, rule: 'catalog' };
  const { rows } = await store.query(list.shape, {}, { limit: ROWS_MAX });
  const usable = rows.filter(({ value }) => value.customerId === '' || value.customerId === customerId);
  const near = nearestText(
    id,
    usable.map((row) => row.value.id),
  ).replace(/\.$/, '');
  return { place: 'body', pointer, message: `${told}. ${near}; GET ${list.path} lists all`, rule: 'catalog' };
}
