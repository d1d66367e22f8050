import { Failure } from './failure.ts';
import type { Stored } from './stored-word.ts';

/**
 * - `creating`: on record, its disk has been asked for or is about to be.
 * - `ready`: its disk was seen.
 * - `deleted`: its owner has deleted it, or its disk is gone. The row stays for lists that include deleted ones.
 * - `failed`: Compute Engine refused its disk. Nobody sees it; the row stays until no late disk can appear.
 */
export const VOLUME_STATES = ['creating', 'ready', 'deleted', 'failed'] as const;
export type VolumeState = (typeof VOLUME_STATES)[number];

/** What a volume is for at present. */
export interface VolumeUse {
  /** fid of the spot bid. */
  readonly bid: string;
  /** The bid's instance that is to have the disk; `null` while the bid has none. */
  readonly instanceId: string | null;
  /** Name of the device on the VM: `/dev/disk/by-id/google-<deviceName>`. */
  readonly deviceName: string;
}

/** A block device of a project: one zonal persistent disk, which outlives the VMs that have it. */
export interface Volume {
  /** Also the disk's name: `vol-550e84-a1b2c3d4`. */
  readonly id: string;
  readonly userId: string;
  readonly customerId: string;
  readonly project: string;
  /** The name its owner gave it; among the project's volumes of the zone it is the only one of that name. */
  readonly name: string;
  readonly zone: string;
  readonly sizeGb: number;
  /** Bare disk type. */
  readonly diskType: string;
  readonly state: Stored<VolumeState>;
  readonly createdAtMs: number;
  readonly deletedAtMs: number | null;
  readonly use: VolumeUse | null;
  /** Instance whose VM was last seen to have the disk; `""`: none. */
  readonly attachedTo: string;
  /** Calls to Compute Engine that were refused or failed, in a row. */
  readonly attempts: number;
  /** Number of the next call; a call that is repeated because its answer was lost keeps its number. */
  readonly callNumber: number;
  /** When the volume is looked at again, epoch ms; `null`: record and disk are as they should be. */
  readonly checkAtMs: number | null;
}

/** What a new volume is checked against and made from. */
export interface VolumeWish {
  readonly name: string;
  readonly project: string;
  readonly zone: string;
  readonly sizeGb: number;
}

/** The same request again within this time is a repeat whose first answer was lost. */
const REPEAT_MS = 10 * 60_000;

export function isLive({ state }: Pick<Volume, 'state'>): boolean {
  return state === 'creating' || state === 'ready';
}

/** Whether a request for a volume is the one that made `volume`, sent again by the same user. */
export function isRepeatOf(volume: Volume, wish: VolumeWish, userId: string, nowMs: number): boolean {
  return (
    volume.userId === userId &&
    volume.name === wish.name &&
    volume.project === wish.project &&
    volume.zone === wish.zone &&
    volume.sizeGb === wish.sizeGb &&
    nowMs - volume.createdAtMs <= REPEAT_MS
  );
}

/** The one text for a volume that does not exist and for one that is not the caller's. */
export function volumeNotFound(): Failure {
  return new Failure('not_found', 'Volume not found.', { reason: 'volume_not_found' });
}

/** Two volumes of one name would be two devices of one name. */
export function nameTaken({ name, zone }: Pick<VolumeWish, 'name' | 'zone'>): Failure {
  return new Failure('conflict', `The project has a volume named ${name} in ${zone} already.`, {
    reason: 'volume_name_taken',
  });
}

/** Throws `conflict` while a bid that has not ended needs the volume. */
export function requireUnused({ use }: Pick<Volume, 'use'>): void {
  if (use === null) return;
  throw new Failure(
    'conflict',
    `The volume is used by the spot bid ${use.bid}. Cancel the bid, or take the volume off it.`,
    {
      reason: 'volume_in_use',
    },
  );
}

/** Throws `conflict` when two of the volumes would be one device: a volume keeps its device name when it is renamed. */
export function requireOwnDevices(volumes: readonly Volume[]): void {
  const names = volumes.map((volume) => volume.use?.deviceName ?? volume.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new Failure('conflict', `Two of the volumes would be the device ${twice}. Rename the one that is to come.`, {
    reason: 'volume_name_taken',
  });
}

/** A bid that wants volumes. */
export interface VolumeClaim {
  /** fid of the bid. */
  readonly bid: string;
  readonly zone: string;
  /** Instances of the bid. */
  readonly quantity: number;
  /** Where the request's body names the volumes: `/launch_specification/volumes`. */
  readonly pointer: string;
}

/** Throws `unprocessable` for a bid of several instances: a block device belongs to one VM. */
export function requireOneInstance({ quantity, pointer }: VolumeClaim): void {
  if (quantity > 1)
    throw wrongVolume('volume_shared', 'a block volume is for one instance, and the bid is for more', pointer);
}

function wrongVolume(reason: 'volume_region' | 'volume_shared', message: string, pointer: string): Failure {
  return new Failure('unprocessable', `The volumes cannot be had: ${message}.`, {
    reason,
    fields: [{ place: 'body', pointer, message, rule: 'volume' }],
  });
}

/**
 * The volume as the bid's. Throws `unprocessable` for a volume of another region, and `conflict` for one that another bid
 * has; a volume that the bid has already stays as it is.
 */
export function claimedBy(volume: Volume, { bid, zone, pointer }: VolumeClaim): Volume {
  if (volume.use?.bid === bid) return volume;
  if (volume.zone !== zone) {
    const message = `volume ${volume.name} is in ${volume.zone}, and the bid is for ${zone}`;
    throw wrongVolume('volume_region', message, pointer);
  }
  requireUnused(volume);
  return { ...volume, use: { bid, instanceId: null, deviceName: volume.name } };
}

/** The volume once the bid's instance is to have its disk, or no longer. */
export function assignedTo(volume: Volume, instanceId: string | null, nowMs: number): Volume {
  if (volume.use === null || volume.use.instanceId === instanceId) return volume;
  return { ...volume, use: { ...volume.use, instanceId }, checkAtMs: nowMs };
}

/** The volume without its bid: its disk leaves the VM, or the VM goes. */
export function released(volume: Volume, nowMs: number): Volume {
  return volume.use === null ? volume : { ...volume, use: null, checkAtMs: nowMs };
}
