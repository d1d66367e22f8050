import { Compute } from '#shared/gce/compute.ts';
import type { BaseTools } from './base-tools.ts';

/** Opens the Compute Engine client. Only bundles of functions that use Compute Engine may contain it. */
export function openCompute({ configuration, log }: Pick<BaseTools, 'configuration' | 'log'>): {
  readonly compute: Compute;
} {
  const { project, deployment, emulators } = configuration;
  const compute = new Compute({ project, deployment, emulatorHost: emulators.compute });
  compute.connect().catch((thrown: unknown) => log.error('Compute Engine could not be prepared', { cause: thrown }));
  return { compute };
}
