import { type AuditedChange, type Auditor, auditWrite } from '#shared/datastore/audit-rows.ts';
import type { Store } from '#shared/datastore/store.ts';
import type { Write } from '#shared/datastore/write.ts';
import { InUse } from '#shared/domain/in-use.ts';
import { applyPrice, type PriceChange } from './apply-price.ts';
import type { AnyEntry, Catalog } from './catalog.ts';
import { type Plan, planCatalog, type PlanItem, type PlanOptions } from './plan-catalog.ts';
import { SECTIONS, toPrice, toSpotPrice } from './sections.ts';

export interface ApplyOptions extends PlanOptions {
  /** Who applies the file. One audit entry with the whole plan is written in the first commit. */
  readonly auditor: Auditor;
  /** Called once, before anything is written. */
  readonly onPlan?: (plan: Plan) => void;
  /** Called after each batch. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** The time at which a price without a time of its own begins; epoch ms. */
  readonly nowMs?: () => number;
}

/** Number of writes per commit, well below Datastore's limits of 500 writes and 10 MiB. */
const BATCH_WRITES = 100;

/**
 * Changes the stored catalogue to the contents of the file. Applying the same file again changes nothing; after an
 * interruption, applying it again completes the rest.
 *
 * Throws `InUse` when an entry to be removed is in use, and `invalid_request` when references in the file are wrong;
 * nothing is written then.
 */
export async function applyCatalog(
  store: Pick<Store, 'query' | 'count' | 'getAll' | 'write' | 'change'>,
  catalog: Catalog,
  options: ApplyOptions,
): Promise<Plan> {
  const plan = await planCatalog(store, catalog, options);
  options.onPlan?.(plan);
  if (plan.refused.length > 0) throw new InUse(plan.refused);

  const prices = plan.items.filter(isNewPrice).flatMap((item) => priceIn(catalog, item));
  const writes = plan.items.filter((item) => !isNewPrice(item)).flatMap((item) => writesOf(item, catalog));
  const total = prices.length + writes.length;
  const entry = total === 0 ? [] : [auditWrite(options.auditor, changeOf(plan))];
  for (const [index, price] of prices.entries()) {
    const also = index === 0 ? entry : [];
    await applyPrice(price, { store, nowMs: options.nowMs ?? options.auditor.nowMs, also });
    options.onProgress?.({ done: index + 1, total });
  }
  for (let done = 0; done < writes.length;) {
    const batch = writes.slice(done, done + BATCH_WRITES);
    await store.write(done === 0 && prices.length === 0 ? [...batch, ...entry] : batch);
    done += batch.length;
    options.onProgress?.({ done: prices.length + done, total });
  }
  return plan;
}

/** Returns the audited change: every catalogue entry that changes, with the members that differ. */
function changeOf({ items }: Plan): AuditedChange {
  const changed = items.filter(({ change }) => change !== 'keep');
  const side = (of: 'from' | 'to') =>
    Object.fromEntries(
      changed.map(({ what, members }) => [what, Object.fromEntries(members.map((m) => [m.member, m[of] ?? null]))]),
    );
  return { action: 'catalog.apply', object: 'catalog', before: side('from'), after: side('to') };
}

function writesOf(item: PlanItem, catalog: Catalog): readonly Write[] {
  const section = SECTIONS.find(({ name }) => name === item.section);
  if (section === undefined) return [];
  switch (item.change) {
    case 'keep':
      return [];
    case 'remove':
      return [section.erase(item.id)];
    case 'add':
    case 'change': {
      const entries: Readonly<Record<string, AnyEntry>> = catalog[item.section] ?? {};
      return [section.put(item.id, entries[item.id] ?? {})];
    }
  }
}

/** Returns whether an item changes a price. Its commit also changes the price periods of running instances. */
function isNewPrice({ section, change }: PlanItem): boolean {
  return (section === 'prices' || section === 'spotPrices') && (change === 'add' || change === 'change');
}

function priceIn(catalog: Catalog, { section, id: machineType }: PlanItem): readonly PriceChange[] {
  if (section === 'prices') {
    const entry = catalog.prices?.[machineType];
    return entry === undefined ? [] : [{ onDemand: toPrice(machineType, entry) }];
  }
  const entry = catalog.spotPrices?.[machineType];
  return entry === undefined ? [] : [{ spot: toSpotPrice(machineType, entry) }];
}
