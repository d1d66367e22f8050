import type { Catalog } from '#shared/catalog/catalog.ts';
import { exportCatalog } from '#shared/catalog/stored-catalog.ts';
import type { Store } from '#shared/datastore/store.ts';

/**
 * All rows that there would be after applying the file. Sections that the file does not have stay as they are; with `prune`
 * a section that it has is the file's alone.
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
