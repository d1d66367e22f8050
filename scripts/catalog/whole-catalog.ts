import type { Catalog } from '#shared/catalog/catalog.ts';
import { exportCatalog } from '#shared/catalog/stored-catalog.ts';
import type { Store } from '#shared/datastore/store.ts';

/**
 * Returns the catalogue that applying the file would result in. Sections that the file lacks stay as they are; with
 * `prune`, stored rows missing from one of the file's sections are dropped.
 */
export async function wholeCatalog(
  store: Pick<Store, 'query'>,
  file: Catalog,
  { prune }: { readonly prune: boolean },
): Promise<Catalog> {
  const stored = await exportCatalog(store);
  const sections = Object.entries(stored).map(([name, before]) => {
    const wanted = (file as Readonly<Record<string, object | undefined>>)[name];
    return [name, wanted === undefined ? before : prune ? wanted : { ...before, ...wanted }] as const;
  });
  return Object.fromEntries(sections);
}
