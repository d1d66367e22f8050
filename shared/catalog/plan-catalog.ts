import { CUSTOMER } from '#shared/datastore/account-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import { ref } from '#shared/datastore/write.ts';
import { Failure } from '#shared/domain/failure.ts';
import type { Use } from '#shared/domain/in-use.ts';
import type { AnyEntry, Catalog, SectionName } from './catalog.ts';
import { catalogWarnings, checkReferences, type Outlook, owners } from './check-references.ts';
import { entryChanges, type MemberChange } from './entry-changes.ts';
import { findUses } from './find-uses.ts';
import { type Section, SECTIONS } from './sections.ts';
import { readStoredCatalog, type StoredCatalog } from './stored-catalog.ts';

/** `keep`: stored but not in the file, and left unchanged. */
export type PlannedChange = 'add' | 'change' | 'remove' | 'keep';

export interface PlanItem {
  readonly section: SectionName;
  /** `tier pro`. */
  readonly what: string;
  readonly id: string;
  readonly change: PlannedChange;
  /** For a `change`, the members that differ; for an `add`, the whole entry. */
  readonly members: readonly MemberChange[];
  /** The users of an entry that would be removed. */
  readonly uses: readonly Use[];
}

export interface Plan {
  /** In the order of execution; unchanged entries are omitted. */
  readonly items: readonly PlanItem[];
  readonly warnings: readonly string[];
  /** Uses that prevent the plan from being applied; empty if it can be applied. */
  readonly refused: readonly Use[];
}

export interface PlanOptions {
  /** True: also remove stored entries that the file lacks, in the sections that it has. */
  readonly prune?: boolean;
}

type Reader = Pick<Store, 'query' | 'count' | 'getAll'>;

/** Number of removals that are checked for users in parallel. */
const QUERIES_AT_ONCE = 16;

/** Returns the number of rows that the plan writes or removes. */
export function changeCount(plan: Plan): number {
  return plan.items.filter((item) => item.change !== 'keep').length;
}

/**
 * Returns what applying the file would change. Reads only.
 *
 * Throws `invalid_request` with every reference that leads nowhere.
 */
export async function planCatalog(reader: Reader, catalog: Catalog, options: PlanOptions = {}): Promise<Plan> {
  const stored = await readStoredCatalog(reader);
  const wanted = new Map(SECTIONS.map((section) => [section.name, wantedOf(section, catalog)]));
  const outlook = outlookOf(stored, wanted, options.prune ?? false);
  const problems = checkReferences(catalog, outlook);
  if (problems.length > 0) {
    throw new Failure('invalid_request', 'The catalogue does not fit together.', { fields: problems });
  }

  const written = SECTIONS.flatMap((section) => {
    const before = stored.get(section.name);
    return [...(wanted.get(section.name) ?? [])].flatMap(([id, entry]) => itemsOf(section, id, before?.get(id), entry));
  });
  const others = SECTIONS.toReversed().flatMap((section) => {
    const ids = [...(stored.get(section.name)?.keys() ?? [])];
    return ids.filter((id) => wanted.get(section.name)?.has(id) !== true).map((id) => ({ section, id, outlook }));
  });
  const left: PlanItem[] = [];
  for (let i = 0; i < others.length; i += QUERIES_AT_ONCE) {
    const batch = others.slice(i, i + QUERIES_AT_ONCE);
    left.push(...(await Promise.all(batch.map((other) => leftItem(reader, other)))));
  }
  return {
    items: [...written, ...left],
    warnings: catalogWarnings(catalog, outlook, await existing(reader, owners(catalog))),
    refused: left.flatMap((item) => item.uses),
  };
}

/**
 * Returns the file's entries in the form in which they would be read back, so that two spellings of a time are no
 * change.
 */
function wantedOf(section: Section, catalog: Catalog): ReadonlyMap<string, AnyEntry> | undefined {
  const entries: Readonly<Record<string, AnyEntry>> | undefined = catalog[section.name];
  if (entries === undefined) return undefined;
  const ids = Object.keys(entries).sort();
  return new Map(ids.map((id) => [id, section.normal(id, entries[id] ?? {})]));
}

function outlookOf(
  stored: StoredCatalog,
  wanted: ReadonlyMap<SectionName, ReadonlyMap<string, AnyEntry> | undefined>,
  prune: boolean,
): Outlook {
  const sections = SECTIONS.map(({ name }) => {
    const file = wanted.get(name);
    const before = stored.get(name) ?? new Map<string, AnyEntry>();
    return [name, prune && file !== undefined ? file : new Map([...before, ...(file ?? [])])] as const;
  });
  return Object.fromEntries(sections) as unknown as Outlook;
}

function itemsOf(section: Section, id: string, before: AnyEntry | undefined, after: AnyEntry): readonly PlanItem[] {
  const members = entryChanges(before ?? {}, after);
  if (before !== undefined && members.length === 0) return [];
  const change = before === undefined ? 'add' : 'change';
  return [{ section: section.name, what: `${section.word} ${id}`, id, change, members, uses: [] }];
}

/** Plans what happens to a stored entry that the file lacks. */
async function leftItem(
  reader: Reader,
  { section, id, outlook }: { section: Section; id: string; outlook: Outlook },
): Promise<PlanItem> {
  const item = { section: section.name, what: `${section.word} ${id}`, id, members: [] };
  if (outlook[section.name].has(id)) return { ...item, change: 'keep', uses: [] };
  return { ...item, change: 'remove', uses: await findUses(reader, item, outlook) };
}

async function existing(reader: Reader, named: ReturnType<typeof owners>): Promise<ReadonlySet<string>> {
  const ids = [...new Set(named.map((owner) => owner.customerId))];
  const found = new Set<string>();
  // A look-up takes at most 1,000 keys.
  for (let i = 0; i < ids.length; i += 1000) {
    const rows = await reader.getAll(ids.slice(i, i + 1000).map((id) => ref(CUSTOMER, id)));
    for (const row of rows) if (row !== undefined) found.add(row.id);
  }
  return found;
}
