import { fidOf, instanceFid } from '#shared/domain/fids.ts';
import type { Volume } from '#shared/domain/volume.ts';
import { timestamp } from '../timestamp.ts';

/** Returns a volume. All members are always present. */
export function presentVolume(volume: Volume) {
  const { use, attachedTo } = volume;
  const isAttached = use !== null && attachedTo !== '' && attachedTo === use.instanceId;
  return {
    fid: fidOf('volume', volume.id),
    name: volume.name,
    region: volume.zone,
    created_at: timestamp(volume.createdAtMs),
    deleted_at: volume.deletedAtMs === null ? null : timestamp(volume.deletedAtMs),
    capacity_gb: volume.sizeGb,
    project: volume.project,
    interface: 'Block',
    bids: use === null ? [] : [use.bid],
    reservations: [],
    attachments: isAttached ? { [instanceFid(attachedTo)]: `/dev/disk/by-id/google-${use.deviceName}` } : {},
  };
}
