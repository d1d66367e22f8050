import type { Store } from '#shared/datastore/store.ts';
import type { AnyEntry, Catalog, SectionName } from './catalog.ts';
import { SECTIONS, type Section } from './sections.ts';

/** All entries of all sections, sorted by id. */
export type StoredCatalog = ReadonlyMap<SectionName, ReadonlyMap<string, AnyEntry>>;

const PAGE_ROWS = 300;

/** Reads the whole catalogue, which is small. */
export async function readStoredCatalog(store: Pick<Store, 'query'>): Promise<StoredCatalog> {
  const sections = await Promise.all(
    SECTIONS.map(async (section) => [section.name, await readSection(store, section)] as const),
  );
  return new Map(sections);
}

async function readSection(store: Pick<Store, 'query'>, section: Section): Promise<ReadonlyMap<string, AnyEntry>> {
  const entries = new Map<string, AnyEntry>();
  let cursor: string | undefined;
  do {
    const page = await store.query(section.rows, {}, { limit: PAGE_ROWS, ...(cursor === undefined ? {} : { cursor }) });
    for (const row of page.rows) entries.set(row.id, section.toEntry(row.value));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return entries;
}

/** Returns the stored catalogue in the file's format: every section, entries sorted by id, members in a fixed order. */
export async function exportCatalog(store: Pick<Store, 'query'>): Promise<Catalog> {
  const stored = await readStoredCatalog(store);
  return Object.fromEntries(SECTIONS.map(({ name }) => [name, Object.fromEntries(stored.get(name) ?? [])] as const));
}
