import type { Disks } from '#shared/gce/disks.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** The sweep also needs access to disks. */
export type SweepTools = Tools & { readonly disks: Disks };
