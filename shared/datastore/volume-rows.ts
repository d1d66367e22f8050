import { type Volume, VOLUME_STATES, isLive } from '#shared/domain/volume.ts';
import { ABSENT, expiry, integer, json, nullable, plainText, plainTime, text, time, unindexed, word } from './field.ts';
import { kind, type Kind } from './kind.ts';
import { OPERATION_RETENTION_MS } from './retention.ts';

/** A volume; its id is its disk's name. */
export const VOLUME: Kind<Volume> = kind<Volume>(
  'Volume',
  {
    id: plainText,
    userId: plainText,
    customerId: text,
    project: text,
    name: plainText,
    // Volumes of earlier versions have no index entry of their zone until they are written again.
    zone: text,
    sizeGb: integer,
    diskType: plainText,
    state: unindexed(word(VOLUME_STATES)),
    createdAtMs: plainTime,
    deletedAtMs: nullable(plainTime),
    use: json(),
    attachedTo: plainText,
    attempts: integer,
    callNumber: integer,
    checkAtMs: nullable(time),
  },
  {
    derived: (volume) => ({
      live: { booleanValue: isLive(volume) },
      // Used to find the users of a catalogue entry before it is removed.
      liveType: isLive(volume) ? { stringValue: 'block' } : ABSENT,
      // The row expires only after the disk is certainly gone and no further check is due.
      expireAt: expiry(
        volume.deletedAtMs === null || volume.checkAtMs !== null ? null : volume.deletedAtMs + OPERATION_RETENTION_MS,
      ),
    }),
  },
);

/**
 * The live volume that has a name; the id is `volumeNameId`. Written in the volume's commit, so that names are unique.
 */
export interface VolumeName {
  readonly volumeId: string;
}

export const VOLUME_NAME: Kind<VolumeName> = kind<VolumeName>('VolumeName', { volumeId: plainText });

export function volumeNameId({ project, zone, name }: Pick<Volume, 'project' | 'zone' | 'name'>): string {
  return `${project}|${zone}|${name}`;
}

/**
 * GB of a customer's live volumes; the id is the customer's. Separate from `Usage`, so that creates of disks and
 * instances do not conflict.
 */
export interface VolumeUsage {
  readonly gb: number;
}

export const VOLUME_USAGE: Kind<VolumeUsage> = kind<VolumeUsage>('VolumeUsage', { gb: integer });

/** A disk with our label but without a volume; it is kept for a while, then deleted. The id is the disk's name. */
export interface OrphanDisk {
  readonly name: string;
  readonly zone: string;
  readonly foundAtMs: number;
  /** When the disk was first observed detached; `null`: it is attached to a VM. */
  readonly freeSinceMs: number | null;
  readonly dueAtMs: number;
  readonly attempts: number;
}

export const ORPHAN_DISK: Kind<OrphanDisk> = kind<OrphanDisk>('OrphanDisk', {
  name: plainText,
  zone: plainText,
  foundAtMs: plainTime,
  freeSinceMs: nullable(plainTime),
  dueAtMs: time,
  attempts: integer,
});

/** When Compute Engine last reported a stockout of a machine type in a zone; the id is `stockoutId`. */
export interface Stockout {
  readonly zone: string;
  /** Bare machine type. */
  readonly machineType: string;
  readonly atMs: number;
}

/** The availability list uses a stockout for minutes only; the row is kept for a day, for operators. */
const STOCKOUT_RETENTION_MS = 86_400_000;

export const STOCKOUT: Kind<Stockout> = kind<Stockout>(
  'Stockout',
  { zone: plainText, machineType: plainText, atMs: plainTime },
  { derived: ({ atMs }) => ({ expireAt: expiry(atMs + STOCKOUT_RETENTION_MS) }) },
);

export function stockoutId({ zone, machineType }: Pick<Stockout, 'zone' | 'machineType'>): string {
  return `${zone}|${machineType}`;
}
