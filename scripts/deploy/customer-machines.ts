import { said } from './check-access.ts';
import { DeployError } from './deploy-error.ts';
import { gcloud, type DeployContext } from './deploy-context.ts';

/** A VM with this deployment's label. */
export interface CustomerMachine {
  readonly name: string;
  /** Name of the zone, such as `us-central1-a`. */
  readonly zone: string;
  /** Whether the VM has deletion protection: Compute Engine refuses to delete it until that is removed. */
  readonly isProtected: boolean;
}

/** The disk of a customer's volume. It has this deployment's label; boot disks do not. */
export interface CustomerDisk {
  readonly name: string;
  /** Name of the zone, such as `us-central1-a`. */
  readonly zone: string;
}

/** What customers have in Compute Engine in one deployment. */
export interface CustomersHave {
  readonly machines: readonly CustomerMachine[];
  readonly disks: readonly CustomerDisk[];
}

export interface MachineOptions {
  /** Allow that the Compute Engine API is not enabled, as before the first deployment: then there are no VMs. */
  readonly computeMayBeOff?: boolean;
}

/**
 * Returns every VM of this deployment, running or not, and the disk of every volume, attached or not. Throws DeployError if
 * they cannot be listed.
 */
export async function customersHave(context: DeployContext, options: MachineOptions = {}): Promise<CustomersHave> {
  const machines = await labelled(context, ['instances', 'name,zone.basename(),deletionProtection'], options);
  const disks = await labelled(context, ['disks', 'name,zone.basename()'], options);
  return {
    machines: machines.map(([name = '', zone = '', protection = '']) => {
      return { name, zone, isProtected: /^true$/i.test(protection) };
    }),
    disks: disks.map(([name = '', zone = '']) => ({ name, zone })),
  };
}

/** Returns the counts as text: `2 instances and 1 volume`. */
export function countedText({ machines, disks }: CustomersHave): string {
  const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`;
  const parts = [
    ...(machines.length === 0 ? [] : [counted(machines.length, 'instance')]),
    ...(disks.length === 0 ? [] : [counted(disks.length, 'volume')]),
  ];
  return parts.join(' and ') || 'nothing';
}

/** Returns the columns of each instance or disk that has the deployment's label. */
async function labelled(
  context: DeployContext,
  [what, columns]: readonly [what: 'instances' | 'disks', columns: string],
  { computeMayBeOff = false }: MachineOptions,
): Promise<readonly (readonly string[])[]> {
  const { project, environment } = context.target;
  const answer = await gcloud(context, [
    'compute',
    what,
    'list',
    `--project=${project}`,
    `--filter=labels.compute-api=${environment}`,
    `--format=csv[no-heading](${columns})`,
  ]);
  if (answer.code !== 0) {
    if (computeMayBeOff && /SERVICE_DISABLED|has not been used|not enabled|accessNotConfigured/i.test(answer.stderr)) {
      return [];
    }
    throw new DeployError(`Whether customers have ${what} cannot be known: ${said(answer)}`, [
      'Nothing is changed before that is known.',
    ]);
  }
  return answer.stdout
    .split('\n')
    .map((line) => line.trim().split(','))
    .filter(([name = '']) => name !== '');
}

/**
 * Deletes the VMs with their boot disks, after it removed the deletion protection of those that have it. Throws DeployError
 * for the first one that cannot be deleted.
 */
export async function deleteMachines(context: DeployContext, machines: readonly CustomerMachine[]): Promise<void> {
  for (const [index, { name, zone, isProtected }] of machines.entries()) {
    context.world.note(`..  deleting ${name} (${index + 1} of ${machines.length})`);
    if (isProtected) await demand(context, ['instances', 'update', name, zone], ['--no-deletion-protection']);
    await demand(context, ['instances', 'delete', name, zone], ['--quiet']);
  }
}

/** Deletes the disks of volumes. Throws DeployError for the first one that cannot be deleted. */
export async function deleteDisks(context: DeployContext, disks: readonly CustomerDisk[]): Promise<void> {
  for (const [index, { name, zone }] of disks.entries()) {
    context.world.note(`..  deleting the volume ${name} (${index + 1} of ${disks.length})`);
    await demand(context, ['disks', 'delete', name, zone], ['--quiet']);
  }
}

/** Runs gcloud. It is no error if the instance or disk no longer exists. */
async function demand(
  context: DeployContext,
  [what, verb, name, zone]: readonly [
    what: 'instances' | 'disks',
    verb: 'update' | 'delete',
    name: string,
    zone: string,
  ],
  options: readonly string[],
): Promise<void> {
  const args = ['compute', what, verb, name, `--zone=${zone}`, `--project=${context.target.project}`, ...options];
  const answer = await gcloud(context, args);
  if (answer.code === 0 || /not found/i.test(answer.stderr)) return;
  const failed = verb === 'update' ? 'could not be unprotected' : 'could not be deleted';
  throw new DeployError(`${what === 'instances' ? 'The instance' : 'The disk'} ${name} ${failed}: ${said(answer)}`, [
    `gcloud ${args.join(' ')}`,
  ]);
}
