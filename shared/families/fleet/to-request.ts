import type { ProjectListRequest } from '#shared/actions/list-project-instances.ts';
import type { TimelineRequest } from '#shared/actions/read-timeline.ts';
import type { PriceSeriesRequest } from '#shared/actions/read-price-series.ts';
import type { FleetStatus } from '#shared/domain/fleet-status.ts';

/** The query of the list, after validation by its contract. */
export interface ListQuery {
  readonly project: string;
  readonly next_cursor?: string;
  readonly sort_by?: keyof typeof SORT;
  readonly sort_dir?: 'asc' | 'desc';
  readonly instance_type?: string;
  readonly region?: string;
  readonly status_in?: readonly FleetStatus[];
  readonly order_type_in?: readonly ('Bid' | 'Reservation')[];
  readonly bid_fid_in?: readonly string[];
  readonly reservation_fid_in?: readonly string[];
  readonly limit: number;
}

const SORT = { created_at: 'byCreated', instance_status: 'byStatus', instance_type_fid: 'byType' } as const;

/** Converts the query to a list request; the default order is newest first. */
export function toProjectList(query: ListQuery): Omit<ProjectListRequest, 'caller'> {
  const { instance_type: instanceType, region: zone, status_in: statuses, order_type_in: orderTypes } = query;
  const { bid_fid_in: bids, reservation_fid_in: reservations } = query;
  return {
    project: query.project,
    sort: SORT[query.sort_by ?? 'created_at'],
    direction: query.sort_dir ?? 'desc',
    filters: {
      ...(instanceType === undefined ? {} : { instanceType }),
      ...(zone === undefined ? {} : { zone }),
      ...(statuses === undefined ? {} : { statuses }),
      ...(orderTypes === undefined ? {} : { orderTypes }),
      ...(bids === undefined ? {} : { bids }),
      ...(reservations === undefined ? {} : { reservations }),
    },
    limit: query.limit,
    cursor: query.next_cursor,
  };
}

/** The query of a history, after validation by its contract. */
export interface HistoryQuery {
  readonly project: string;
  readonly instance_fid?: string;
  readonly bid_fid?: string;
  readonly reservation_fid?: string;
  readonly limit: number;
  readonly start_time?: string;
  readonly end_time?: string;
  readonly next_cursor?: string;
}

export function toTimeline(query: HistoryQuery): Omit<TimelineRequest, 'caller'> {
  const {
    instance_fid: instance,
    bid_fid: bid,
    reservation_fid: reservation,
    start_time: start,
    end_time: end,
  } = query;
  return {
    project: query.project,
    selectors: {
      ...(instance === undefined ? {} : { instance }),
      ...(bid === undefined ? {} : { bid }),
      ...(reservation === undefined ? {} : { reservation }),
    },
    window: { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) },
    limit: query.limit,
    cursor: query.next_cursor,
  };
}

/** The query of the prices over time, after validation by its contract. */
export interface PriceSeriesQuery {
  readonly instance_types?: readonly string[];
  readonly region?: string;
  readonly num_samples: number;
  readonly start_time?: string;
  readonly end_time?: string;
}

const THIRTY_DAYS_MS = 30 * 86_400_000;

/** Converts the query to a request; the default window is the thirty days up to now. */
export function toPriceSeries(
  query: PriceSeriesQuery,
  nowMs: number,
): Pick<PriceSeriesRequest, 'instanceTypes' | 'zone' | 'window'> {
  const endMs = query.end_time === undefined ? nowMs : Date.parse(query.end_time);
  const startMs = query.start_time === undefined ? endMs - THIRTY_DAYS_MS : Date.parse(query.start_time);
  return {
    instanceTypes: query.instance_types ?? [],
    zone: query.region,
    window: { startMs, endMs, samples: query.num_samples },
  };
}
