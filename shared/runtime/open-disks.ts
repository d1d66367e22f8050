import { Disks } from '#shared/gce/disks.ts';
import type { BaseTools } from './base-tools.ts';

/** For functions that make, attach or remove the disks of volumes. */
export function openDisks({ configuration }: Pick<BaseTools, 'configuration'>): { readonly disks: Disks } {
  const { project, deployment, emulators } = configuration;
  return { disks: new Disks({ project, deployment, emulatorHost: emulators.compute }) };
}
