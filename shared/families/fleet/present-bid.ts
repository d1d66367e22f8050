import type { LaunchSpecification } from '#shared/domain/bid.ts';
import { allocatedInstances, type Bid, type BidEvent, bidStatus, dollars } from '#shared/domain/bid.ts';
import { instanceFid, userFid } from '#shared/domain/fids.ts';
import { timestamp } from '../timestamp.ts';

/** Returns a bid. All members are always present. */
export function presentBid(bid: Bid) {
  return {
    fid: bid.id,
    name: bid.name,
    project: bid.project,
    created_by: userFid(bid.userId),
    created_at: timestamp(bid.createdAtMs),
    deactivated_at: bid.deactivatedAtMs === null ? null : timestamp(bid.deactivatedAtMs),
    limit_price: dollars(bid.limitCents),
    instance_quantity: bid.quantity,
    instance_type: bid.instanceType,
    region: bid.zone,
    instances: allocatedInstances(bid).map(instanceFid),
    launch_specification: presentLaunch(bid.launch),
    status: bidStatus(bid),
  };
}

/** Returns the launch settings of a bid's instances. All members are always present. */
export function presentLaunch(launch: LaunchSpecification) {
  return {
    volumes: launch.volumes,
    ssh_keys: launch.sshKeys,
    startup_script: launch.startupScript,
    kubernetes_cluster: null,
    image_version: launch.imageVersion,
    memory_gb: launch.memoryGb,
  };
}

export function presentBidStatus(bid: Bid) {
  return { bid_fid: bid.id, status: bidStatus(bid), reason: bid.reason?.message ?? null };
}

export function presentBidHistory(bid: Bid) {
  return { bid_fid: bid.id, events: bid.events.map(presentEvent) };
}

function presentEvent({ atMs, type, actor, limitCents, volumes }: BidEvent) {
  return {
    timestamp: timestamp(atMs),
    event_type: type,
    limit_price: limitCents === null ? null : dollars(limitCents),
    user_id: actor.type === 'system' ? null : userFid(actor.id),
    memory_gb: null,
    persistent_disk_change:
      volumes.length === 0
        ? null
        : {
            attached: type === 'Volumes Attached' ? volumes : null,
            removed: type === 'Volumes Removed' ? volumes : null,
          },
  };
}
