import { Compute } from '#shared/gce/compute.ts';
import type { BaseTools } from './base-tools.ts';

/** For functions that talk to Compute Engine; no other bundle may hold its client. */
export function openCompute({ configuration }: Pick<BaseTools, 'configuration'>): { readonly compute: Compute } {
  const { project, deployment, emulators } = configuration;
  return { compute: new Compute({ project, deployment, emulatorHost: emulators.compute }) };
}
