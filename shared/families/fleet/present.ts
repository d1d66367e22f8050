import { endedAtMs, fleetStatus, pastFleetStatus, type FleetStatus } from '#shared/domain/fleet-status.ts';
import { instanceFid, instanceTypeFid, userFid } from '#shared/domain/fids.ts';
import type { InstanceEvent } from '#shared/domain/history.ts';
import type { Instance } from '#shared/domain/instance.ts';
import type { PricePeriod } from '#shared/domain/metering.ts';
import { type Operation, shownState } from '#shared/domain/operation.ts';
import { timestamp } from '../timestamp.ts';

/** Returns an instance. All members are always present. `pending`: the first operation of its queue. */
export function presentFleetInstance(instance: Instance, pending?: Operation) {
  return {
    fid: instanceFid(instance.id),
    name: instance.displayName,
    project: instance.project,
    created_at: timestamp(instance.createdAtMs),
    created_by: userFid(instance.userId),
    instance_type: instanceTypeFid(instance.machine.machineType),
    region: known(instance.zone),
    bid: instance.bid,
    reservation: instance.reservation,
    ssh_destination: known(instance.externalIp),
    private_ip: known(instance.internalIp),
    status: fleetStatus(instance),
    last_operation: lastOperationOf(instance, pending),
  };
}

export function presentStatus(instance: Instance, pending?: Operation) {
  const endMs = endedAtMs(instance);
  return {
    fid: instanceFid(instance.id),
    name: instance.displayName,
    status: fleetStatus(instance),
    bid: instance.bid,
    reservation: instance.reservation,
    end_time: endMs === null ? null : timestamp(endMs),
    last_operation: lastOperationOf(instance, pending),
  };
}

/** Returns the pending operation; without one, the last ended operation, including its error. */
function lastOperationOf({ lastOperation }: Instance, pending: Operation | undefined) {
  if (pending !== undefined)
    return { id: pending.id, type: pending.kind, status: shownState(pending.state), error: null };
  if (lastOperation === null) return null;
  const { id, kind, state, error } = lastOperation;
  return {
    id,
    type: kind,
    status: state,
    error: error === null ? null : { code: error.reason, message: error.message },
  };
}

/** Returns the response of a batch: the status of every requested instance. */
export function presentBatch(statuses: ReadonlyMap<string, FleetStatus>) {
  return { instances: Object.fromEntries([...statuses].map(([id, status]) => [instanceFid(id), status])) };
}

export function presentStatusHistory(events: readonly InstanceEvent[]) {
  return byInstance(events, (event) => ({ timestamp: timestamp(event.atMs), status: pastFleetStatus(event) }));
}

export function presentPriceHistory(periods: readonly PricePeriod[]) {
  return byInstance(periods, ({ priceCents, startMs, endMs }) => ({
    price_cents: priceCents,
    start_time: timestamp(startMs),
    end_time: endMs === null ? null : timestamp(endMs),
  }));
}

/** Groups items by instance, in the order in which each instance first appears. */
function byInstance<T extends Pick<InstanceEvent, 'instanceId' | 'bid' | 'reservation'>, Shown>(
  items: readonly T[],
  show: (item: T) => Shown,
) {
  return [...Map.groupBy(items, ({ instanceId }) => instanceId)].map(([instanceId, own]) => ({
    instance_fid: instanceFid(instanceId),
    events: own.map(show),
    bid_fid: own[0]?.bid ?? null,
    reservation_fid: own[0]?.reservation ?? null,
  }));
}

function known(text: string): string | null {
  return text === '' ? null : text;
}
