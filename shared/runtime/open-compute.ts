import { Compute } from '#shared/gce/compute.ts';
import type { BaseTools } from './base-tools.ts';

/** For functions that talk to Compute Engine; no other bundle may hold its client. */
export function openCompute({ configuration, log, nowMs }: Pick<BaseTools, 'configuration' | 'log' | 'nowMs'>): {
  readonly compute: Compute;
} {
  const { project, deployment, emulators } = configuration;
  const compute = new Compute({ project, deployment, emulatorHost: emulators.compute, nowMs });
  compute.connect().catch((thrown: unknown) => log.error('Compute Engine could not be prepared', { cause: thrown }));
  return { compute };
}
