import type { Disks } from '#shared/gce/disks.ts';
import type { Tools } from '#shared/lifecycle/tools.ts';

/** The sweep looks at disks as well. */
export type SweepTools = Tools & { readonly disks: Disks };
