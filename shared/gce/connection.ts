import type { InstancesClient } from '@google-cloud/compute';
import { DirectAuth, DirectPassThrough } from './direct-auth.ts';

export interface ComputeOptions {
  readonly project: string;
  /** Value of the label on our VMs; distinguishes deployments in the same project. */
  readonly deployment: string;
  readonly emulatorHost: string | undefined;
  /** The clock by which a process backs off after rateLimitExceeded; the real one when absent. */
  readonly nowMs?: () => number;
}

/** Returns the options of every Compute Engine client. */
export function connectionOf(options: ComputeOptions): ConstructorParameters<typeof InstancesClient>[0] {
  if (options.emulatorHost === undefined) {
    return { projectId: options.project, auth: new DirectAuth({ projectId: options.project }) };
  }
  const [host = '', port = ''] = options.emulatorHost.split(':');
  return {
    projectId: options.project,
    apiEndpoint: host,
    port: Number(port),
    protocol: 'http',
    authClient: new DirectPassThrough(),
  };
}
