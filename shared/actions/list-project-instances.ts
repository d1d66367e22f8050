import { fleetStatus, type FleetStatus } from '#shared/domain/fleet-status.ts';
import { idOf } from '#shared/domain/fids.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { position, timeText } from '#shared/domain/sort-key.ts';
import type { Principal } from '#shared/domain/principal.ts';
import type { ProjectSort } from '#shared/datastore/list-filters.ts';
import { projectInstances } from '#shared/datastore/queries.ts';
import type { Direction } from '#shared/datastore/query.ts';
import { foreignCursor, invalidQuery } from '#shared/pagination/invalid-query.ts';
import type { ListTools } from '#shared/pagination/list-cursors.ts';
import { isInProjects, requireProject } from './require-project.ts';
import { scanPage } from '#shared/pagination/scan-page.ts';

/** Filters of the list; absent filters match every instance. */
export interface ProjectFilters {
  /** fid. */
  readonly instanceType?: string;
  readonly zone?: string;
  readonly statuses?: readonly FleetStatus[];
  readonly orderTypes?: readonly ('Bid' | 'Reservation')[];
  readonly bids?: readonly string[];
  readonly reservations?: readonly string[];
}

export interface ProjectListRequest {
  readonly caller: Principal;
  readonly project: string;
  readonly sort: ProjectSort;
  readonly direction: Direction;
  readonly filters: ProjectFilters;
  readonly limit: number;
  readonly cursor: string | undefined;
}

/** Returns an instance's position in each sort order, equal to the row's property of the same name. */
const POSITION: Readonly<Record<ProjectSort, (instance: Instance) => string>> = {
  byCreated: ({ createdAtMs, id }) => position(timeText(createdAtMs), id),
  byStatus: (instance) => position(fleetStatus(instance), instance.id),
  byType: ({ machine, id }) => position(machine.machineType, id),
};

/**
 * Lists one page of a project's instances. The cursor is a position in the sort order, not a row: rows that are added
 * or removed between two pages shift no other row, so each instance that exists throughout is returned exactly once.
 */
export async function listProjectInstances(
  request: ProjectListRequest,
  { store, cursors }: ListTools,
): Promise<{ readonly instances: readonly Instance[]; readonly cursor: string | undefined }> {
  const { caller, project, sort, direction, filters } = request;
  await requireProject(caller, project, { store });
  const scope = { list: 'fleet-instances', caller, asked: [project, sort, direction, canonical(filters)] };
  const place = request.cursor === undefined ? undefined : await cursors.open(request.cursor, scope);
  if (request.cursor !== undefined && place === undefined) throw invalidQuery([foreignCursor('next_cursor')]);
  const after = place === undefined ? {} : direction === 'asc' ? { above: place } : { below: place };
  const { values, end } = await scanPage<Instance>(
    {
      shape: projectInstances(sort, direction),
      values: { project: { stringValue: project } },
      range: after,
      limit: request.limit,
      keep: (instance) => isInProjects(caller, instance) && passes(instance, filters),
      positionOf: POSITION[sort],
    },
    { store },
  );
  return { instances: values, cursor: end === undefined ? undefined : await cursors.seal(end, scope) };
}

/** Normalizes the filters, so that the same filters in another order have the same cursor scope. */
function canonical(filters: ProjectFilters): readonly unknown[] {
  return Object.entries(filters)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [
      name,
      typeof value === 'string' ? value : [...new Set(value as readonly string[])].sort(),
    ]);
}

function passes(instance: Instance, filters: ProjectFilters): boolean {
  const { instanceType, zone, statuses, orderTypes, bids, reservations } = filters;
  const isOf = (ids: readonly string[] | undefined, id: string | null) =>
    ids === undefined || (id !== null && ids.includes(id));
  return (
    (instanceType === undefined || idOf('instanceType', instanceType) === instance.machine.machineType) &&
    (zone === undefined || zone === instance.zone) &&
    (statuses === undefined || statuses.includes(fleetStatus(instance))) &&
    (orderTypes === undefined || orderTypes.some((type) => orderOf(instance, type) !== null)) &&
    isOf(bids, instance.bid) &&
    isOf(reservations, instance.reservation)
  );
}

function orderOf({ bid, reservation }: Instance, type: 'Bid' | 'Reservation'): string | null {
  return type === 'Bid' ? bid : reservation;
}
