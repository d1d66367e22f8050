import type { ListFilter } from '#shared/datastore/list-filters.ts';
import { newestInstances } from '#shared/datastore/queries.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { shownStatus, STATUS_GROUP } from '#shared/domain/status.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** What operators look instances up by. What is absent lets everything through. */
export interface InstanceScan {
  readonly userId?: string;
  readonly customerId?: string;
  readonly statusGroup?: string;
  readonly zone?: string;
  readonly templateId?: string;
  readonly machineType?: string;
  /** `key=value`. */
  readonly label?: string;
  /** Beginning of the name or id. */
  readonly name?: string;
  /** External or internal address. */
  readonly address?: string;
  readonly reason?: string;
  /** Created then or earlier; epoch ms. */
  readonly createdUntilMs?: number;
}

export interface ScannedPage {
  readonly instances: readonly Instance[];
  readonly cursor: string | undefined;
}

const PAGE_SIZE = 300;
/** Queries made for one page: what no index serves is filtered while reading. */
const QUERIES_MAX = 40;

/** Members that an index serves. */
const INDEXED = ['userId', 'customerId', 'statusGroup', 'zone', 'templateId'] as const satisfies readonly ListFilter[];

/**
 * Instances of all customers that match everything that is asked, newest first. A page may be short, and even empty, when
 * what is asked for is rare; it has a cursor as long as there is more to read.
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
    // Never more rows than the page has room for, so that no match is read and left out.
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
