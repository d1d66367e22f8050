import { Disks } from '#shared/gce/disks.ts';
import type { BaseTools } from './base-tools.ts';

/** Opens the disk client, for functions that create, attach or delete volumes' disks. */
export function openDisks({ configuration }: Pick<BaseTools, 'configuration'>): { readonly disks: Disks } {
  const { project, deployment, emulators } = configuration;
  return { disks: new Disks({ project, deployment, emulatorHost: emulators.compute }) };
}
