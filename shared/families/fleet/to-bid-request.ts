import type { BidListRequest } from '#shared/actions/list-bids.ts';
import type { ReservationListRequest } from '#shared/actions/list-reservations.ts';
import type { BidWish } from '#shared/actions/place-bid.ts';
import { type BidStatus, centsOf } from '#shared/domain/bid.ts';
import type { ReservationStatus } from '#shared/domain/orders.ts';

/** The query of the list of bids, after validation by its contract. */
export interface BidListQuery {
  readonly project?: string;
  readonly name?: string;
  readonly instance_type?: string;
  readonly region?: string;
  readonly status?: BidStatus;
  readonly sort_by?: keyof typeof SORT;
  readonly sort_dir?: 'asc' | 'desc';
  readonly limit: number;
  readonly next_cursor?: string;
}

const SORT = { created_at: 'byCreated', status: 'byStatus' } as const;

/** Converts the query to a list request; the default order is newest first. */
export function toBidList(query: BidListQuery): Omit<BidListRequest, 'caller'> {
  const { name, instance_type: instanceType, region: zone, status } = query;
  return {
    project: query.project,
    sort: SORT[query.sort_by ?? 'created_at'],
    direction: query.sort_dir ?? 'desc',
    filters: {
      ...(name === undefined ? {} : { name }),
      ...(instanceType === undefined ? {} : { instanceType }),
      ...(zone === undefined ? {} : { zone }),
      ...(status === undefined ? {} : { status }),
    },
    limit: query.limit,
    cursor: query.next_cursor,
  };
}

/** The body of a new bid, after validation by its contract. */
export interface NewBidBody {
  readonly project: string;
  readonly region: string;
  readonly instance_type: string;
  readonly limit_price: string;
  readonly instance_quantity: number;
  readonly name: string;
  readonly launch_specification: {
    readonly volumes: readonly string[];
    readonly ssh_keys: readonly string[];
    readonly startup_script?: string | null;
    readonly image_version?: string | null;
    readonly memory_gb?: number | null;
  };
}

export function toBidWish(body: NewBidBody): BidWish {
  const { launch_specification: launch } = body;
  return {
    project: body.project,
    name: body.name,
    zone: body.region,
    instanceType: body.instance_type,
    quantity: body.instance_quantity,
    limitCents: centsOf(body.limit_price),
    launch: {
      volumes: launch.volumes,
      sshKeys: launch.ssh_keys,
      startupScript: launch.startup_script ?? null,
      imageVersion: launch.image_version ?? null,
      memoryGb: launch.memory_gb ?? null,
    },
  };
}

/** The query of the list of reservations, after validation by its contract. */
export interface ReservationListQuery {
  readonly project: string;
  readonly status?: ReservationStatus;
  readonly instance_type?: string;
  readonly region?: string;
  readonly sort_by?: 'created_at' | 'status';
  readonly sort_dir?: 'asc' | 'desc';
  readonly limit: number;
  readonly next_cursor?: string;
}

/** Converts the query to a list request; the default order is newest first. */
export function toReservationList(query: ReservationListQuery): Omit<ReservationListRequest, 'caller'> {
  const { instance_type: instanceType, region: zone, status } = query;
  return {
    project: query.project,
    sort: query.sort_by === 'status' ? 'status' : 'createdAt',
    direction: query.sort_dir ?? 'desc',
    filters: {
      ...(instanceType === undefined ? {} : { instanceType }),
      ...(zone === undefined ? {} : { zone }),
      ...(status === undefined ? {} : { status }),
    },
    limit: query.limit,
    cursor: query.next_cursor,
  };
}
