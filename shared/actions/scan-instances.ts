import type { ListFilter } from '#shared/datastore/list-filters.ts';
import { newestInstances } from '#shared/datastore/queries.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { shownStatus, STATUS_GROUP } from '#shared/domain/status.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** Filters by which operators find instances; absent filters match every instance. */
export interface InstanceScan {
  readonly userId?: string;
  readonly customerId?: string;
  readonly statusGroup?: string;
  readonly zone?: string;
  readonly templateId?: string;
  readonly machineType?: string;
  /** `key=value`. */
  readonly label?: string;
  /** Prefix of the name or id. */
  readonly name?: string;
  /** Matches the external or the internal IP address. */
  readonly address?: string;
  readonly reason?: string;
  /** Only instances created at or before this time; epoch ms. */
  readonly createdUntilMs?: number;
}

export interface ScannedPage {
  readonly instances: readonly Instance[];
  readonly cursor: string | undefined;
}

const PAGE_SIZE = 300;
/** Maximum number of queries per page: filters without an index are applied to the rows that were read. */
const QUERIES_MAX = 40;

/** Filters that the queries' indexes support. */
const INDEXED = ['userId', 'customerId', 'statusGroup', 'zone', 'templateId'] as const satisfies readonly ListFilter[];

/**
 * Lists instances of all customers that match all filters, newest first. With rare matches a page may be short or even
 * empty; it has a cursor as long as there are more rows to read.
 */
export async function scanInstances(
  scan: InstanceScan,
  page: { readonly limit: number; readonly cursor?: string },
  { store }: Pick<Tools, 'store'>,
): Promise<ScannedPage> {
  const given = INDEXED.filter((name) => scan[name] !== undefined);
  const shape = newestInstances(new Set(given));
  const values = Object.fromEntries(given.map((name) => [name, { stringValue: scan[name] ?? '' }]));
  const instances: Instance[] = [];
  let { cursor } = page;
  let queries = 0;
  do {
    // Never reads more rows than the page has room for, because the cursor skips every row that was read.
    const limit = Math.min(PAGE_SIZE, page.limit - instances.length);
    const found = await store.query(shape, values, { limit, ...(cursor === undefined ? {} : { cursor }) });
    instances.push(...found.rows.map(({ value }) => value).filter((instance) => matches(instance, scan)));
    queries += 1;
    cursor = found.cursor;
  } while (cursor !== undefined && instances.length < page.limit && queries < QUERIES_MAX);
  return { instances, cursor };
}

function matches(instance: Instance, scan: InstanceScan): boolean {
  const { machineType, label, name, address, reason, createdUntilMs } = scan;
  const [key = '', value] = label?.split('=') ?? [];
  return (
    (scan.statusGroup === undefined || STATUS_GROUP[shownStatus(instance.status)] === scan.statusGroup) &&
    (machineType === undefined || instance.machine.machineType === machineType) &&
    (label === undefined || instance.machine.labels[key] === (value ?? '')) &&
    (name === undefined || instance.displayName.startsWith(name) || instance.id.startsWith(name)) &&
    (address === undefined || instance.externalIp === address || instance.internalIp === address) &&
    (reason === undefined || instance.statusReason?.reason === reason) &&
    (createdUntilMs === undefined || instance.createdAtMs <= createdUntilMs)
  );
}
