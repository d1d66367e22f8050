import type { Bid } from '#shared/domain/bid.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { isLive, type Volume } from '#shared/domain/volume.ts';
import type { CloudCall, SeenDisk } from './local-cloud.ts';

/*
 * The invariants of the design for bids and for disks of volumes, as pure checks over what was seen of records and cloud when
 * nothing was going on.
 */

export interface FleetSnapshot {
  readonly calls: readonly CloudCall[];
  readonly instances: readonly Instance[];
  readonly bids: readonly Bid[];
  readonly disks: readonly SeenDisk[];
  readonly volumes: readonly Volume[];
  /** Names of disks that are to go. */
  readonly orphanDisks: readonly string[];
  readonly volumeUsages: readonly { readonly customerId: string; readonly gb: number; readonly limit: number }[];
}

/** Value of the label that a local cloud puts on its disks. */
const DEPLOYMENT = 'local';

/** A bid whose instances are on their way to be made, or to rest. */
const ON_ITS_WAY: ReadonlySet<string> = new Set(['launching', 'losing']);

/**
 * Whether no bid and no volume is on its way. A bid that waits for its price or for quota is at rest, and so is a deleted
 * volume that is looked for once more.
 */
export function atRest(
  bids: readonly { readonly value: Pick<Bid, 'phase' | 'launched' | 'instances'> }[],
  volumes: readonly { readonly value: Volume }[],
): boolean {
  return (
    bids.every(({ value: { phase, launched, instances } }) => {
      return !ON_ITS_WAY.has(phase) && (phase !== 'paused' || launched || instances.length === 0);
    }) && volumes.every(({ value }) => !isLive(value) || value.checkAtMs === null)
  );
}

/** Calls that are about disks; their ids follow from volumes, not from operations. */
export function isDiskCall({ method }: Pick<CloudCall, 'method'>): boolean {
  return method.startsWith('disks.') || method === 'instances.attachDisk' || method === 'instances.detachDisk';
}

/** What is not as the design says, one line each; they begin with the number of the invariant, and B or D. */
export function fleetViolations(seen: FleetSnapshot): readonly string[] {
  return [
    ...seen.bids.flatMap((bid) => bidViolations(bid, seen.instances)),
    ...noStrangeMember(seen),
    ...oneDiskPerVolume(seen),
    ...everyDiskRecorded(seen),
    ...gbExact(seen),
    ...disksInPlace(seen),
  ];
}

/** 2B. A bid has all of its instances or none, and one that has ended has none left. */
function bidViolations(bid: Bid, instances: readonly Instance[]): readonly string[] {
  const own = instances.filter((instance) => instance.bid === bid.id);
  const word = `the bid ${bid.id} is ${bid.phase}`;
  if (bid.phase === 'ended' || bid.phase === 'waiting') {
    return own.length === 0 ? [] : [`2B: ${word} and has ${own.length} instances`];
  }
  const isWhole = bid.instances.length === bid.quantity || (bid.phase === 'paused' && bid.instances.length === 0);
  return isWhole ? [] : [`2B: ${word} and has been given ${bid.instances.length} of ${bid.quantity} instances`];
}

/** 2B. An instance of a bid is one of those that the bid knows of. */
function noStrangeMember({ bids, instances }: FleetSnapshot): readonly string[] {
  return instances.flatMap(({ id, bid: bidId }) => {
    if (bidId === null) return [];
    const bid = bids.find((candidate) => candidate.id === bidId);
    return bid?.instances.includes(id) === true
      ? []
      : [`2B: ${id} says that it is of the bid ${bidId}, which does not`];
  });
}

/** 1D. A volume is one disk, ever: an insert whose operation failed has made none. */
function oneDiskPerVolume({ calls }: FleetSnapshot): readonly string[] {
  const inserts = calls.filter(
    ({ method, outcome, operationError }) =>
      method === 'disks.insert' && outcome === 'applied' && operationError === undefined,
  );
  const byName = Map.groupBy(inserts, ({ instance }) => instance);
  return [...byName]
    .filter(([, made]) => made.length > 1)
    .map(([name, made]) => `1D: the disk ${name} was inserted ${made.length} times`);
}

/** 2D. Every disk with our label has one live volume or is one that is to go, and every live volume has its disk. */
function everyDiskRecorded({ disks, volumes, orphanDisks }: FleetSnapshot): readonly string[] {
  const live = new Set(volumes.filter(isLive).map(({ id }) => id));
  const leaving = new Set(volumes.filter((volume) => !isLive(volume) && volume.checkAtMs !== null).map(({ id }) => id));
  const ours = disks.filter(({ labels }) => labels?.['compute-api'] === DEPLOYMENT).map(({ name }) => name);
  return [
    ...ours
      .filter((name) => !live.has(name) && !leaving.has(name) && !orphanDisks.includes(name))
      .map((name) => `2D: the disk ${name} has neither a volume nor a place in the quarantine`),
    ...[...live].filter((id) => !ours.includes(id)).map((id) => `2D: the volume ${id} has no disk`),
  ];
}

/** 3D. The GB used are those of the live volumes, and within the limit. */
function gbExact({ volumeUsages, volumes }: FleetSnapshot): readonly string[] {
  return volumeUsages.flatMap(({ customerId, gb, limit }) => {
    const own = volumes.filter((volume) => volume.customerId === customerId && isLive(volume));
    const live = own.reduce((sum, { sizeGb }) => sum + sizeGb, 0);
    return [
      ...(gb === live ? [] : [`3D: the volumes of ${customerId} have ${live} GB and ${gb} are counted`]),
      ...(limit < 0 || gb <= limit ? [] : [`3D: ${customerId} uses ${gb} of ${limit} GB`]),
    ];
  });
}

/** 6D. A volume is on its bid's instance if that has a VM, is shown there, and belongs to a bid that still has it. */
function disksInPlace({ volumes, disks, bids, instances }: FleetSnapshot): readonly string[] {
  const lost = new Set(
    instances.filter(({ statusReason }) => statusReason?.reason === 'vm_missing').map(({ id }) => id),
  );
  return volumes.filter(isLive).flatMap(({ id, use, attachedTo }) => {
    const [user = ''] = disks.find(({ name }) => name === id)?.users ?? [];
    const machine = user.slice(user.lastIndexOf('/') + 1);
    const assigned = use?.instanceId ?? '';
    const wanted = lost.has(assigned) ? '' : assigned;
    const bid = bids.find((candidate) => candidate.id === use?.bid);
    const isHeld = bid !== undefined && bid.phase !== 'ended' && bid.launch.volumes.includes(`vol_${id}`);
    return [
      ...(machine === wanted ? [] : [`6D: the volume ${id} should be on «${wanted}» and is on «${machine}»`]),
      ...(machine === attachedTo ? [] : [`6D: the volume ${id} is shown on «${attachedTo}» and is on «${machine}»`]),
      ...(use === null || isHeld ? [] : [`6D: the volume ${id} is of the bid ${use.bid}, which does not have it`]),
    ];
  });
}
