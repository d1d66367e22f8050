import { type Auditor, auditWrite } from '#shared/datastore/audit-rows.ts';
import { CUSTOMER } from '#shared/datastore/account-rows.ts';
import { JOB_STATE } from '#shared/datastore/bookkeeping-rows.ts';
import { ALL_CUSTOMERS, ALL_USAGES } from '#shared/datastore/queries.ts';
import { Conflict, insert, put, ref, replace } from '#shared/datastore/write.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';
import { type CountedThing, INSTANCE_COUNTER, type UsageCounter, VOLUME_COUNTER } from './usage-counters.ts';

/** A customer whose stored usage differed from the counted one. */
export interface UsageDrift {
  readonly customerId: string;
  readonly of: CountedThing;
  /** `null`: the customer had no usage row. */
  readonly recorded: number | null;
  readonly counted: number;
  /**
   * False after a dry run, or if creates and deletes changed the usage during every attempt; the next recount tries
   * again.
   */
  readonly repaired: boolean;
}

export interface RecountReport {
  readonly customers: number;
  readonly drifts: readonly UsageDrift[];
  /** False: the deadline was reached; the next run continues from there. */
  readonly finished: boolean;
}

export interface RecountOptions {
  readonly dryRun: boolean;
  /** The operator who started the recount; absent for a scheduled recount, which is only logged. */
  readonly auditor?: Auditor;
}

type RecountTools = Pick<Tools, 'store' | 'log' | 'sleep' | 'random'>;

/**
 * Maximum number of counts for each usage of a customer. A count is repeated when a create or delete has changed the usage
 * meanwhile, and once more after a repair.
 */
const ATTEMPTS_MAX = 20;
const WAIT_MS_MAX = 200;
/** Maximum number of customers whose usage is recounted in parallel. */
const AT_ONCE = 8;
const PAGE_SIZE = 200;
const JOB = 'quota-recount';

/**
 * Compares the usages of one customer with their instances and volumes, and repairs them. Returns the usages that were
 * wrong.
 */
export async function recountCustomer(
  customerId: string,
  tools: RecountTools,
  options: RecountOptions,
): Promise<readonly UsageDrift[]> {
  const drifts = [
    await recountUsage(INSTANCE_COUNTER, customerId, tools, options),
    await recountUsage(VOLUME_COUNTER, customerId, tools, options),
  ];
  return drifts.filter((drift) => drift !== undefined);
}

/**
 * Counts one usage and repairs it; returns `undefined` if it was right. Creates and deletes continue meanwhile. Each of
 * them writes the usage row in its commit, so the count is valid while the row keeps its version, and the repair is
 * conditional on that version. In two cases a delete does not change the version: when no row exists yet, and when the
 * row already says 0. Therefore the usage is compared once more after a repair.
 */
async function recountUsage<T extends object>(
  { of, kind, amountOf, usageOf, count }: UsageCounter<T>,
  customerId: string,
  { store, log, sleep, random }: RecountTools,
  { dryRun, auditor }: RecountOptions,
): Promise<UsageDrift | undefined> {
  let first: Pick<UsageDrift, 'recorded' | 'counted'> | undefined;
  let settled = false;
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    if (attempt > 2) await sleep(random.fraction() * WAIT_MS_MAX);
    const row = await store.get(ref(kind, customerId));
    const counted = await count(customerId, store);
    const recorded = row === undefined ? null : amountOf(row.value);
    if ((recorded ?? 0) === counted) {
      settled = true;
      break;
    }
    try {
      // A dry run writes nothing, so it checks the version itself: the two numbers belong together if it has not
      // changed.
      if (dryRun) {
        if ((await store.get(ref(kind, customerId)))?.version !== row?.version) continue;
        return noted({ customerId, of, recorded, counted, repaired: false }, log);
      }
      const usage = usageOf(counted);
      const repair = row === undefined ? insert(kind, customerId, usage) : replace(row, usage);
      const change = {
        before: row === undefined ? null : { [of]: amountOf(row.value) },
        after: { [of]: counted },
      };
      const entry =
        auditor === undefined
          ? []
          : [auditWrite(auditor, { action: 'quota.recount', object: `customer ${customerId}`, ...change })];
      await store.commitOnce([repair, ...entry]);
      first ??= { recorded, counted };
    } catch (thrown) {
      if (!(thrown instanceof Conflict)) throw thrown;
    }
  }
  if (first !== undefined) return noted({ customerId, of, ...first, repaired: settled }, log);
  if (!settled) log.warn('a quota could not be recounted: it never stood still', { customerId, of });
  return undefined;
}

function noted(drift: UsageDrift, log: Tools['log']): UsageDrift {
  log.warn('quota usage was not what the customer has', { ...drift });
  return drift;
}

/**
 * Recounts every customer, and every usage row whose customer no longer exists. Stops at `deadlineMs`; with `remember`,
 * the next run continues where this one stopped.
 */
export async function recountAll(
  tools: RecountTools & Pick<Tools, 'nowMs'>,
  options: RecountOptions & { readonly deadlineMs?: number; readonly remember?: boolean },
): Promise<RecountReport> {
  const { store, nowMs, log } = tools;
  const deadlineMs = options.deadlineMs ?? Number.POSITIVE_INFINITY;
  const state = options.remember === true ? await store.get(ref(JOB_STATE, JOB)) : undefined;
  let place = placeOf(state?.value.cursor ?? '');
  const drifts: UsageDrift[] = [];
  let customers = 0;
  while (place !== undefined && nowMs() < deadlineMs) {
    const { ids, next } = await pageAt(place, store);
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const found = await Promise.all(
        ids.slice(from, from + AT_ONCE).map((customerId) => recountCustomer(customerId, tools, options)),
      );
      drifts.push(...found.flat());
    }
    customers += ids.length;
    place = next;
  }
  const finished = place === undefined;
  if (options.remember === true) {
    const cursor = place === undefined ? '' : `${place.walk}:${place.cursor ?? ''}`;
    await store.write([put(JOB_STATE, JOB, { cursor, ranAtMs: nowMs() })]);
  }
  log.info('recount ended', { customers, off: drifts.length, finished });
  return { customers, drifts, finished };
}

/** A position in the recount: first all customers, then the usage rows of customers that no longer exist. */
interface Place {
  readonly walk: 'customers' | 'usages';
  readonly cursor: string | undefined;
}

function placeOf(text: string): Place | undefined {
  const [walk, cursor = ''] = text.split(':');
  return { walk: walk === 'usages' ? 'usages' : 'customers', cursor: cursor === '' ? undefined : cursor };
}

async function pageAt(
  { walk, cursor }: Place,
  store: Tools['store'],
): Promise<{ readonly ids: readonly string[]; readonly next: Place | undefined }> {
  const page = { limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) };
  if (walk === 'customers') {
    const found = await store.query(ALL_CUSTOMERS, {}, page);
    const next: Place =
      found.cursor === undefined ? { walk: 'usages', cursor: undefined } : { walk, cursor: found.cursor };
    return { ids: found.rows.map(({ id }) => id), next };
  }
  const found = await store.query(ALL_USAGES, {}, page);
  const known = await store.getAll(found.rows.map(({ id }) => ref(CUSTOMER, id)));
  return {
    ids: found.rows.filter((_, i) => known[i] === undefined).map(({ id }) => id),
    next: found.cursor === undefined ? undefined : { walk, cursor: found.cursor },
  };
}
