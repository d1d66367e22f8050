import type { ListedReservation } from '#shared/actions/list-reservations.ts';
import { dollars } from '#shared/domain/bid.ts';
import { instanceFid, instanceTypeFid, userFid } from '#shared/domain/fids.ts';
import { termsOf, totalCents } from '#shared/domain/orders.ts';
import { timestamp } from '../timestamp.ts';
import { presentLaunch } from './present-bid.ts';

/** Shown as the creator of reservations that the platform's operators ordered. */
const OPERATOR = 'operator';

/** Shown as the end of reservations without one, because clients expect a time. */
const NO_END_MS = Date.UTC(9999, 11, 31, 23, 59, 59);

/** Returns a reservation. All members are always present. */
export function presentReservation({ project, reservation, status, instances }: ListedReservation, nowMs: number) {
  const { name, userId, zone, startMs, endMs, unitCents } = termsOf(reservation);
  return {
    fid: reservation.id,
    name,
    project,
    created_by: userFid(userId === '' ? OPERATOR : userId),
    created_at: timestamp(reservation.createdAtMs),
    deactivated_at: deactivatedAt(reservation.endedAtMs ?? endMs, nowMs),
    instance_quantity: reservation.places,
    instance_type: instanceTypeFid(reservation.machineType),
    region: zone,
    instances: instances.map(instanceFid),
    // Empty: a reservation launches nothing itself; each instance is created with the settings of its own request.
    launch_specification: presentLaunch({
      volumes: [],
      sshKeys: [],
      startupScript: null,
      imageVersion: null,
      memoryGb: null,
    }),
    status,
    start_time: timestamp(startMs),
    end_time: timestamp(endMs ?? NO_END_MS),
    total_price: dollars(totalCents(reservation, nowMs)),
    unit_price: dollars(unitCents),
  };
}

function deactivatedAt(endMs: number | null, nowMs: number): string | null {
  return endMs === null || endMs > nowMs ? null : timestamp(endMs);
}
