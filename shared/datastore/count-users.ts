import { USERS_SHOWN_MAX, type Use } from '#shared/domain/in-use.ts';
import type { Value } from './field.ts';
import type { Shape } from './query.ts';
import type { Store } from './store.ts';

/** Describes the rows that a query finds as users of something; `undefined` if it finds none. */
export async function countUsers(
  reader: Pick<Store, 'query' | 'count'>,
  names: Pick<Use, 'what' | 'by'>,
  shape: Shape,
  values: Readonly<Record<string, Value>>,
): Promise<Use | undefined> {
  const { rows, cursor } = await reader.query(shape, values, { limit: USERS_SHOWN_MAX });
  if (rows.length === 0) return undefined;
  const count = cursor === undefined ? rows.length : await reader.count(shape, values);
  return { ...names, count, first: rows.map((row) => row.id) };
}
