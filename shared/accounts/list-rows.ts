import type { Value } from '#shared/datastore/field.ts';
import type { Shape } from '#shared/datastore/query.ts';
import type { Row } from '#shared/datastore/write.ts';
import type { AccountsContext, ListOptions, ListPage } from './accounts-context.ts';

/** Reads one page of a list: with `shapes.all`, or with `shapes.only` if a value is given. */
export async function listRows<T>(
  context: Pick<AccountsContext, 'store'>,
  shapes: { readonly all: Shape<T>; readonly only: Shape<T> },
  value: string | undefined,
  options: ListOptions,
): Promise<ListPage<Row<T>>> {
  const property = shapes.only.equal[0];
  const [shape, values]: [Shape<T>, Record<string, Value>] =
    value === undefined || property === undefined
      ? [shapes.all, {}]
      : [shapes.only, { [property]: { stringValue: value } }];
  const page = await context.store.query(shape, values, {
    limit: options.limit,
    ...(options.cursor === undefined ? {} : { cursor: options.cursor }),
  });
  return { items: page.rows, cursor: page.cursor };
}

/** Yields every row that a query finds, reading page by page. */
export async function* everyRow<T>(
  context: Pick<AccountsContext, 'store'>,
  shape: Shape<T>,
  values: Readonly<Record<string, Value>>,
): AsyncGenerator<readonly Row<T>[]> {
  let cursor: string | undefined;
  do {
    const page = await context.store.query(shape, values, { limit: 300, ...(cursor === undefined ? {} : { cursor }) });
    if (page.rows.length > 0) yield page.rows;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
