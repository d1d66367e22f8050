import type { InstancesClient } from '@google-cloud/compute';
import { DirectAuth, DirectPassThrough } from './direct-auth.ts';

export interface ComputeOptions {
  readonly project: string;
  /** Value of our label on VMs; tells two deployments in one project apart. */
  readonly deployment: string;
  readonly emulatorHost: string | undefined;
}

/** What every client of Compute Engine is made with. */
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
