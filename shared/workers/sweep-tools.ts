import type { Disks } from '#shared/gce/disks.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** Dependencies of the sweep: those of the actions, and access to disks. */
export type SweepTools = Tools & { readonly disks: Disks };
