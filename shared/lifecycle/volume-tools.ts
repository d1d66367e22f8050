import type { Disks } from '#shared/gce/disks.ts';
import type { Tools } from './tools.ts';

/** What is needed to bring the disk of a volume to where the record says it should be. */
export type VolumeTools = Pick<Tools, 'store' | 'compute' | 'log' | 'nowMs' | 'sleep'> & { readonly disks: Disks };
