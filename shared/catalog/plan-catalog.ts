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

/** `keep`: stored, not in the file, and left alone. */
export type PlannedChange = 'add' | 'change' | 'remove' | 'keep';

export interface PlanItem {
  readonly section: SectionName;
  /** `tier pro`. */
  readonly what: string;
  readonly id: string;
  readonly change: PlannedChange;
  /** What is different in a `change`; the whole entry of an `add`. */
  readonly members: readonly MemberChange[];
  /** Who needs an entry that is to be removed. */
  readonly uses: readonly Use[];
}

export interface Plan {
  /** In the order in which they would be done; what stays as it is is not in it. */
  readonly items: readonly PlanItem[];
  readonly warnings: readonly string[];
  /** Why the plan cannot be applied; empty when it can. */
  readonly refused: readonly Use[];
}

export interface PlanOptions {
  /** Also removes what is stored and not in the file, in the sections that the file has. */
  readonly prune?: boolean;
}

type Reader = Pick<Store, 'query' | 'count' | 'getAll'>;

/** Removals whose users are looked for at the same time. */
const QUERIES_AT_ONCE = 16;

/** Number of rows that applying a plan writes or removes. */
export function changeCount(plan: Plan): number {
  return plan.items.filter((item) => item.change !== 'keep').length;
}

/**
 * What applying the file would do. Reads only.
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

/** The entries of the file as they would be read back, so that two spellings of one time are no change. */
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

/** What becomes of a stored entry that the file does not have. */
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
