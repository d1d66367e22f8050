import { Type } from 'typebox';
import { fid, nullable, when } from './schema-parts.ts';

/** 2 PiB in GB, more than any disk has; larger values are refused without further checks. */
const SIZE_GB_MAX = 2_097_151;
const VOLUME_NAME_PATTERN = '^[a-z]([-a-z0-9]*[a-z0-9])?$';

const volumeName = Type.String({
  description: 'Name of the volume and of its device: lower-case letters, digits and hyphens.',
  pattern: VOLUME_NAME_PATTERN,
  minLength: 1,
  maxLength: 64,
  examples: ['checkpoints'],
});

const volumeInterface = (description: string) => Type.Enum(['Block', 'File'], { type: 'string', description });

export const FleetVolume = Type.Object(
  {
    fid: fid('Id of the volume.', 'vol_vol-550e84-a1b2c3d4'),
    name: Type.String({ description: 'Name that its owner gave it.' }),
    region: Type.String({ description: 'Zone of its disk: `us-central1-a`.' }),
    created_at: when('When it was created, in UTC.'),
    deleted_at: nullable(Type.String({ format: 'date-time' }), 'When it was deleted; null while it is there.'),
    capacity_gb: Type.Integer({ description: 'Size in GB.', minimum: 1 }),
    project: fid('Project it belongs to.', 'proj_abc123456789'),
    interface: volumeInterface('`Block`: one machine at a time sees it as a device.'),
    bids: Type.Array(Type.String(), { description: 'Spot bid that has it: none or one.' }),
    reservations: Type.Array(Type.String(), { description: 'Reservations that have it; none do.' }),
    attachments: Type.Record(Type.String(), Type.String(), {
      description: 'The path of the device on the instance that has it, by the fid of the instance.',
    }),
  },
  { title: 'FleetVolume', description: 'A block device of a project, which outlives the instances that have it.' },
);

/** Further members that a client sends are ignored. */
export const FleetCreateVolume = Type.Object(
  {
    name: volumeName,
    project: Type.String({ description: 'Project, one of yours.', minLength: 1, maxLength: 128 }),
    disk_interface: volumeInterface('`Block`. `File` is not offered, and answered 422.'),
    region: Type.String({
      description: 'Region of the availability list, such as `us-central1-a`.',
      minLength: 1,
      maxLength: 128,
    }),
    size_gb: Type.Integer({ description: 'Size in GB.', minimum: 1, maximum: SIZE_GB_MAX }),
  },
  { title: 'FleetCreateVolume', description: 'What a new volume is to be.', additionalProperties: true },
);

export const FleetChangeVolume = Type.Object(
  { name: volumeName },
  { title: 'FleetChangeVolume', description: 'The new name of a volume.', additionalProperties: true },
);

export const VOLUME_SCHEMAS = { FleetVolume, FleetCreateVolume, FleetChangeVolume } as const;
