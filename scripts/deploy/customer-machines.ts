import { said } from './check-access.ts';
import { DeployError } from './deploy-error.ts';
import { gcloud, type DeployContext } from './deploy-context.ts';

/** A VM with this deployment's label. */
export interface CustomerMachine {
  readonly name: string;
  /** Name of the zone, such as `us-central1-a`. */
  readonly zone: string;
}

export interface MachineOptions {
  /** Allow that the Compute Engine API is not enabled, as before the first deployment: then there are no VMs. */
  readonly computeMayBeOff?: boolean;
}

/** Returns every VM of this deployment, running or not. Throws DeployError if they cannot be listed. */
export async function customerMachines(
  context: DeployContext,
  { computeMayBeOff = false }: MachineOptions = {},
): Promise<readonly CustomerMachine[]> {
  const { project, environment } = context.target;
  const answer = await gcloud(context, [
    'compute',
    'instances',
    'list',
    `--project=${project}`,
    `--filter=labels.compute-api=${environment}`,
    '--format=csv[no-heading](name,zone.basename())',
  ]);
  if (answer.code !== 0) {
    if (computeMayBeOff && /SERVICE_DISABLED|has not been used|not enabled|accessNotConfigured/i.test(answer.stderr)) {
      return [];
    }
    throw new DeployError(`Whether customers have instances cannot be known: ${said(answer)}`, [
      'Nothing is changed before that is known.',
    ]);
  }
  return answer.stdout
    .split('\n')
    .map((line) => line.trim().split(','))
    .flatMap(([name = '', zone = '']) => (name === '' ? [] : [{ name, zone }]));
}

/**
 * Deletes the VMs with their disks. Throws DeployError for the first one that cannot be deleted, such as a protected
 * one.
 */
export async function deleteMachines(context: DeployContext, machines: readonly CustomerMachine[]): Promise<void> {
  const { project } = context.target;
  for (const [index, { name, zone }] of machines.entries()) {
    context.world.note(`..  deleting ${name} (${index + 1} of ${machines.length})`);
    const args = ['compute', 'instances', 'delete', name, `--zone=${zone}`, `--project=${project}`, '--quiet'];
    const answer = await gcloud(context, args);
    if (answer.code !== 0 && !/not found/i.test(answer.stderr)) {
      throw new DeployError(`The instance ${name} could not be deleted: ${said(answer)}`, [`gcloud ${args.join(' ')}`]);
    }
  }
}
