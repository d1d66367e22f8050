import type { Disks } from '#shared/gce/disks.ts';
import type { Tools } from './tools.ts';

/** Dependencies of the functions that bring a volume's disk to its recorded state. */
export type VolumeTools = Pick<Tools, 'store' | 'compute' | 'log' | 'nowMs' | 'sleep'> & { readonly disks: Disks };
