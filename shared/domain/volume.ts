import { Failure } from './failure.ts';
import type { Stored } from './stored-word.ts';

/**
 * - `creating`: the record exists, and the disk has been requested or is about to be.
 * - `ready`: the disk was observed.
 * - `deleted`: the owner has deleted the volume, or its disk has vanished. The row is kept for lists that include
 *   deleted volumes.
 * - `failed`: Compute Engine refused the disk. The volume is never shown; its row is kept until no late disk can
 *   appear.
 */
export const VOLUME_STATES = ['creating', 'ready', 'deleted', 'failed'] as const;
export type VolumeState = (typeof VOLUME_STATES)[number];

/** The present use of a volume. */
export interface VolumeUse {
  /** Fid of the spot bid. */
  readonly bid: string;
  /** The bid's instance that shall have the disk; `null` while the bid has no instance. */
  readonly instanceId: string | null;
  /** Name of the device on the VM: `/dev/disk/by-id/google-<deviceName>`. */
  readonly deviceName: string;
}

/** A block device of a project: a zonal persistent disk that outlives the VMs it is attached to. */
export interface Volume {
  /** Also the disk's name: `vol-550e84-a1b2c3d4`. */
  readonly id: string;
  readonly userId: string;
  readonly customerId: string;
  readonly project: string;
  /** The name that the owner chose; unique among the project's volumes in the zone. */
  readonly name: string;
  readonly zone: string;
  readonly sizeGb: number;
  /** Bare disk type. */
  readonly diskType: string;
  readonly state: Stored<VolumeState>;
  readonly createdAtMs: number;
  readonly deletedAtMs: number | null;
  readonly use: VolumeUse | null;
  /** Instance to whose VM the disk was last observed attached; `""`: none. */
  readonly attachedTo: string;
  /** Number of consecutive refused or failed calls to Compute Engine. */
  readonly attempts: number;
  /** Number of the next call, from which its requestId derives; a repeat after a lost answer keeps the number. */
  readonly callNumber: number;
  /** When the volume is checked next, epoch ms; `null`: the disk matches the record. */
  readonly checkAtMs: number | null;
}

/** The requested volume. */
export interface VolumeWish {
  readonly name: string;
  readonly project: string;
  readonly zone: string;
  readonly sizeGb: number;
}

/** The same request within this time counts as a repeat after a lost response. */
const REPEAT_MS = 10 * 60_000;

export function isLive({ state }: Pick<Volume, 'state'>): boolean {
  return state === 'creating' || state === 'ready';
}

/** Returns whether a request repeats the one that created `volume`, by the same user. */
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

/** Returns the same failure for a volume that does not exist and for one that is not the caller's. */
export function volumeNotFound(): Failure {
  return new Failure('not_found', 'Volume not found.', { reason: 'volume_not_found' });
}

/** Names must be unique because they become device names on a VM. */
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

/**
 * Throws `conflict` when two of the volumes have the same device name, which is possible because a renamed volume keeps
 * its device name.
 */
export function requireOwnDevices(volumes: readonly Volume[]): void {
  const names = volumes.map((volume) => volume.use?.deviceName ?? volume.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new Failure('conflict', `Two of the volumes would be the device ${twice}. Rename the one that is to come.`, {
    reason: 'volume_name_taken',
  });
}

/** A bid's claim on volumes. */
export interface VolumeClaim {
  /** fid of the bid. */
  readonly bid: string;
  readonly zone: string;
  /** JSON pointer of the volumes in the request body: `/launch_specification/volumes`. */
  readonly pointer: string;
}

function wrongRegion(message: string, pointer: string): Failure {
  return new Failure('unprocessable', `The volumes cannot be had: ${message}.`, {
    reason: 'volume_region',
    fields: [{ place: 'body', pointer, message, rule: 'volume' }],
  });
}

/**
 * Returns the volume claimed by a bid; unchanged if the bid has it already. Throws `unprocessable` for a volume of
 * another region, and `conflict` for one that another bid uses.
 */
export function claimedBy(volume: Volume, { bid, zone, pointer }: VolumeClaim): Volume {
  if (volume.use?.bid === bid) return volume;
  if (volume.zone !== zone) {
    const message = `volume ${volume.name} is in ${volume.zone}, and the bid is for ${zone}`;
    throw wrongRegion(message, pointer);
  }
  requireUnused(volume);
  return { ...volume, use: { bid, instanceId: null, deviceName: volume.name } };
}

/** Returns the volume after its bid assigned the disk to an instance; `null`: to none. */
export function assignedTo(volume: Volume, instanceId: string | null, nowMs: number): Volume {
  if (volume.use === null || volume.use.instanceId === instanceId) return volume;
  return { ...volume, use: { ...volume.use, instanceId }, checkAtMs: nowMs };
}

/** Returns the volume without its bid; the disk is detached, or its VM is deleted. */
export function released(volume: Volume, nowMs: number): Volume {
  return volume.use === null ? volume : { ...volume, use: null, checkAtMs: nowMs };
}
