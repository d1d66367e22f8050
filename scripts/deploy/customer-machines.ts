import { said } from './check-access.ts';
import { DeployError } from './deploy-error.ts';
import { gcloud, type DeployContext } from './deploy-context.ts';

/** A virtual machine that carries this deployment's label. */
export interface CustomerMachine {
  readonly name: string;
  /** Bare zone. */
  readonly zone: string;
}

export interface MachineOptions {
  /** Before the first deployment the project's Compute Engine API may be off: then there is no machine. */
  readonly computeMayBeOff?: boolean;
}

/** Every machine of this deployment, running or not. Throws DeployError when that cannot be known. */
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

/** Deletes them with their disks. Throws DeployError for the first one that cannot be, such as one that is protected. */
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
