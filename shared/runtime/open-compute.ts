import { Compute } from '#shared/gce/compute.ts';
import type { BaseTools } from './base-tools.ts';

/** For functions that talk to Compute Engine; no other bundle may hold its client. */
export function openCompute({ configuration, log }: Pick<BaseTools, 'configuration' | 'log'>): {
  readonly compute: Compute;
} {
  const { project, deployment, emulators } = configuration;
  const compute = new Compute({ project, deployment, emulatorHost: emulators.compute });
  compute.connect().catch((thrown: unknown) => log.error('Compute Engine could not be prepared', { cause: thrown }));
  return { compute };
}
