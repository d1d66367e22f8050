import type { BidFilter, BidSort } from '#shared/datastore/list-filters.ts';
import { projectBids } from '#shared/datastore/queries.ts';
import type { Direction, Range } from '#shared/datastore/query.ts';
import { type Bid, type BidStatus, bidStatus } from '#shared/domain/bid.ts';
import type { Principal } from '#shared/domain/principal.ts';
import { position, timeText } from '#shared/domain/sort-key.ts';
import { foreignCursor, invalidQuery } from '#shared/pagination/invalid-query.ts';
import type { ListTools } from '#shared/pagination/list-cursors.ts';
import { scanPage, type ScannedPage } from '#shared/pagination/scan-page.ts';
import { isInProjects, requireProject } from './require-project.ts';

/** Filters of the list; absent filters match every bid. */
export interface BidFilters {
  /** Matches the exact name. */
  readonly name?: string;
  /** fid. */
  readonly instanceType?: string;
  readonly zone?: string;
  readonly status?: BidStatus;
}

export interface BidListRequest {
  readonly caller: Principal;
  /** `undefined`: list the bids of all projects of the caller. */
  readonly project: string | undefined;
  readonly sort: BidSort;
  readonly direction: Direction;
  readonly filters: BidFilters;
  readonly limit: number;
  readonly cursor: string | undefined;
}

/** Returns a bid's position in each sort order, equal to the row's property of the same name. */
const POSITION: Readonly<Record<BidSort, (bid: Bid) => string>> = {
  byCreated: ({ createdAtMs, id }) => position(timeText(createdAtMs), id),
  byStatus: (bid) => position(bidStatus(bid), bid.id),
};

/**
 * Lists one page of the bids of a project, or of all projects of the caller. The cursor is a position in the sort
 * order, not a row: bids that are added or removed between two pages shift no other bid, so each bid that exists
 * throughout is returned exactly once.
 */
export async function listBids(
  request: BidListRequest,
  { store, cursors }: ListTools,
): Promise<{ readonly bids: readonly Bid[]; readonly cursor: string | undefined }> {
  const { caller, project, sort, direction, filters } = request;
  if (project !== undefined) await requireProject(caller, project, { store });
  const asked = [project ?? null, sort, direction, { ...NO_FILTERS, ...filters }];
  const scope = { list: 'fleet-bids', caller, asked };
  const place = request.cursor === undefined ? undefined : await cursors.open(request.cursor, scope);
  if (request.cursor !== undefined && place === undefined) throw invalidQuery([foreignCursor('next_cursor')]);
  const range: Range = place === undefined ? {} : direction === 'asc' ? { above: place } : { below: place };
  const projects = project === undefined ? [...new Set(caller.projects)] : [project];
  const pages = await Promise.all(projects.map((of) => bidsOf(of, { request, range }, store)));
  const { values, end } = merged(pages, request);
  return { bids: values, cursor: end === undefined ? undefined : await cursors.seal(end, scope) };
}

/** Absent filters are written as null, so that equal requests have equal cursor scopes. */
const NO_FILTERS = { name: null, instanceType: null, zone: null, status: null };

function bidsOf(
  project: string,
  { request, range }: { readonly request: BidListRequest; readonly range: Range },
  store: ListTools['store'],
): Promise<ScannedPage<Bid>> {
  const { caller, sort, direction, filters, limit } = request;
  const equal = new Set<BidFilter>();
  const values: Record<string, { readonly stringValue: string }> = { project: { stringValue: project } };
  for (const name of sort === 'byCreated' ? (['name', 'status'] as const) : []) {
    const value = filters[name];
    if (value === undefined) continue;
    equal.add(name);
    values[name] = { stringValue: value };
  }
  return scanPage<Bid>(
    {
      shape: projectBids(sort, direction, equal),
      values,
      range,
      limit,
      keep: (bid) => isInProjects(caller, bid) && passes(bid, filters),
      positionOf: POSITION[sort],
    },
    { store },
  );
}

/**
 * Merges the pages of several projects. If a project's page has ended early, the bids after its end are unknown, so the
 * merged page ends at the same position.
 */
function merged(pages: readonly ScannedPage<Bid>[], { sort, direction, limit }: BidListRequest): ScannedPage<Bid> {
  const [only] = pages;
  if (pages.length === 1 && only !== undefined) return only;
  const positionOf = POSITION[sort];
  const isBefore = (a: string, b: string) => (direction === 'asc' ? a < b : a > b);
  const ends = pages.flatMap(({ end }) => (end === undefined ? [] : [end]));
  const barrier = ends.reduce<string | undefined>(
    (first, end) => (first === undefined || isBefore(end, first) ? end : first),
    undefined,
  );
  const known = pages
    .flatMap(({ values }) => values)
    .filter((bid) => barrier === undefined || !isBefore(barrier, positionOf(bid)))
    .sort((a, b) => (isBefore(positionOf(a), positionOf(b)) ? -1 : 1));
  const values = known.slice(0, limit);
  const last = values.at(-1);
  return { values, end: known.length > limit && last !== undefined ? positionOf(last) : barrier };
}

function passes(bid: Bid, { name, instanceType, zone, status }: BidFilters): boolean {
  return (
    (name === undefined || name === bid.name) &&
    (instanceType === undefined || instanceType === bid.instanceType) &&
    (zone === undefined || zone === bid.zone) &&
    (status === undefined || status === bidStatus(bid))
  );
}
