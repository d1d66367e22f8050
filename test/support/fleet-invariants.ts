import type { Bid } from '#shared/domain/bid.ts';
import type { Instance } from '#shared/domain/instance.ts';
import { isLive, type Volume } from '#shared/domain/volume.ts';
import type { CloudCall, SeenDisk } from './local-cloud.ts';

/*
 * The design's invariants for bids and for the disks of volumes, as pure checks over a snapshot of records and cloud,
 * taken while nothing is in progress.
 */

export interface FleetSnapshot {
  /** Value of the label that the deployment puts on its disks; default: a local cloud's. */
  readonly deployment?: string;
  readonly calls: readonly CloudCall[];
  readonly instances: readonly Instance[];
  readonly bids: readonly Bid[];
  readonly disks: readonly SeenDisk[];
  readonly volumes: readonly Volume[];
  /** Names of the disks that the sweep is to delete. */
  readonly orphanDisks: readonly string[];
  readonly volumeUsages: readonly { readonly customerId: string; readonly gb: number; readonly limit: number }[];
}

/** Value of the label with which a local cloud marks its disks. */
const DEPLOYMENT = 'local';

/** Phases in which a bid's instances are being created or deleted. */
const ON_ITS_WAY: ReadonlySet<string> = new Set(['launching', 'losing']);

/**
 * Whether no bid and no volume is in progress. A bid that waits for its price, for quota or for its owner to release a
 * protected instance counts as idle, and so does a deleted volume whose disk is checked for once more.
 */
export function atRest(
  bids: readonly { readonly value: Pick<Bid, 'phase' | 'launched' | 'instances' | 'reason'> }[],
  volumes: readonly { readonly value: Volume }[],
): boolean {
  return (
    bids.every(({ value: { phase, launched, instances, reason } }) => {
      if (reason?.reason === 'deletion_protected') return true;
      return !ON_ITS_WAY.has(phase) && (phase !== 'paused' || launched || instances.length === 0);
    }) && volumes.every(({ value }) => !isLive(value) || value.checkAtMs === null)
  );
}

/** Whether a call is about disks. Request ids of such calls are derived from volumes, not from operations. */
export function isDiskCall({ method }: Pick<CloudCall, 'method'>): boolean {
  return method.startsWith('disks.') || method === 'instances.attachDisk' || method === 'instances.detachDisk';
}

/**
 * Returns every violation of the design, one line each, beginning with the number of the invariant and B (bids) or D
 * (disks).
 */
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

/** 2B. A bid has either none or all of its instances; a waiting or ended bid has none. */
function bidViolations(bid: Bid, instances: readonly Instance[]): readonly string[] {
  const own = instances.filter((instance) => instance.bid === bid.id);
  const word = `the bid ${bid.id} is ${bid.phase}`;
  if (bid.phase === 'ended' || bid.phase === 'waiting') {
    return own.length === 0 ? [] : [`2B: ${word} and has ${own.length} instances`];
  }
  const isWhole = bid.instances.length === bid.quantity || (bid.phase === 'paused' && bid.instances.length === 0);
  return isWhole ? [] : [`2B: ${word} and has been given ${bid.instances.length} of ${bid.quantity} instances`];
}

/** 2B. Every instance of a bid is listed by that bid. */
function noStrangeMember({ bids, instances }: FleetSnapshot): readonly string[] {
  return instances.flatMap(({ id, bid: bidId }) => {
    if (bidId === null) return [];
    const bid = bids.find((candidate) => candidate.id === bidId);
    return bid?.instances.includes(id) === true
      ? []
      : [`2B: ${id} says that it is of the bid ${bidId}, which does not`];
  });
}

/** 1D. A volume's disk is inserted at most once, not counting inserts whose operation failed: those made no disk. */
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

/**
 * 2D. Every disk with the deployment's label belongs to a live volume or is due for deletion, and every live volume has
 * its disk.
 */
function everyDiskRecorded({ deployment = DEPLOYMENT, disks, volumes, orphanDisks }: FleetSnapshot): readonly string[] {
  const live = new Set(volumes.filter(isLive).map(({ id }) => id));
  const leaving = new Set(volumes.filter((volume) => !isLive(volume) && volume.checkAtMs !== null).map(({ id }) => id));
  const ours = disks.filter(({ labels }) => labels?.['compute-api'] === deployment).map(({ name }) => name);
  return [
    ...ours
      .filter((name) => !live.has(name) && !leaving.has(name) && !orphanDisks.includes(name))
      .map((name) => `2D: the disk ${name} has neither a volume nor a place in the quarantine`),
    ...[...live].filter((id) => !ours.includes(id)).map((id) => `2D: the volume ${id} has no disk`),
  ];
}

/** 3D. The GB counted for a customer are those of the live volumes, and within the limit. */
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

/**
 * 6D. A volume's disk is attached to the instance that its record names as user (unless that instance's VM is missing),
 * the record shows that attachment, and the bid named there still includes the volume.
 */
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
