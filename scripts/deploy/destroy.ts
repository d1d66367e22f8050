import { checkAccess } from './check-access.ts';
import { countedText, type CustomersHave, customersHave, deleteDisks, deleteMachines } from './customer-machines.ts';
import { checkVarFiles, databaseToLeave, forgetDatabase } from './database.ts';
import { DeployError } from './deploy-error.ts';
import type { DeployContext } from './deploy-context.ts';
import { putOnRecord } from './on-record.ts';
import { prepare } from './prepare.ts';
import { destroyAll, variables } from './terraform-steps.ts';

export interface DestroyOptions {
  readonly yes: boolean;
  /** First confirmation that customers' instances are deleted too. */
  readonly deleteInstances: boolean;
  /** Second confirmation: the number of these instances. */
  readonly confirmInstances: number | undefined;
  /** Confirmation that instances with deletion protection are deleted too. */
  readonly includeProtected: boolean;
  /** First confirmation that customers' volumes are deleted too, with the data on them. */
  readonly deleteVolumes: boolean;
  /** Second confirmation: the number of these volumes. */
  readonly confirmVolumes: number | undefined;
  /** Confirmation that customers' volumes stay. Their disks still cost money. */
  readonly keepVolumes: boolean;
}

/**
 * Removes the deployment, except for the database and Terraform's state. Refuses while customers' instances or volumes
 * exist, unless their deletion is confirmed twice. Deletion of protected instances needs a confirmation of its own, and
 * volumes may be kept. One refusal names everything that needs a confirmation, before anything is changed.
 */
export async function destroyCommand(context: DeployContext, options: DestroyOptions): Promise<void> {
  const { note, ask } = context.world;
  const { project, environment } = context.target;
  await checkVarFiles(context);
  await checkAccess(context, { prepare: false });
  const found = await customersHave(context);
  const inTheWay = [...instancesInTheWay(found, options), ...volumesInTheWay(found, options)];
  if (inTheWay.length > 0) {
    throw new DeployError(`Customers have ${countedText(found)} in ${project} (${environment}).`, inTheWay);
  }
  if (!options.yes) {
    const wanted = `${project}/${environment}`;
    const answer = await ask(`This removes the API of ${wanted}. Type ${wanted} to go on: `);
    if (answer === undefined)
      throw new DeployError('Nobody is there to confirm.', ['Add --yes to destroy without asking.']);
    if (answer !== wanted) throw new DeployError('Nothing was destroyed.');
  }
  await prepare(context);
  const database = await databaseToLeave(context);
  if (database.exists)
    await putOnRecord(context, { action: 'deploy.destroy', database: database.id, after: gone(found, options) });
  const given = variables(context, database);
  await deleteMachines(context, found.machines);
  if (options.deleteVolumes) await deleteDisks(context, found.disks);
  // The database stays, so its indexes must stay too: Terraform would delete them, and building them again takes hours
  // where there are many rows.
  await forgetDatabase(context);
  await destroyAll(context, given);
  if (!options.deleteVolumes && found.disks.length > 0) {
    note(`!!  ${countedText({ ...found, machines: [] })} of customers left, and paid for: ${listed(found.disks)}.`);
  }
  note('The database and the bucket of the state are left; infra/README.md says how to remove them.');
}

/** What the audit trail keeps of a destruction: no release is left, and these machines and volumes are not. */
function gone({ machines, disks }: CustomersHave, { deleteVolumes }: DestroyOptions) {
  const names = (things: readonly { readonly name: string }[]) => things.map(({ name }) => name);
  return { release: null, instances: names(machines), volumes: deleteVolumes ? names(disks) : [] };
}

function instancesInTheWay({ machines }: CustomersHave, options: DestroyOptions): readonly string[] {
  const isAgreed = options.deleteInstances && options.confirmInstances === machines.length;
  const kept = options.includeProtected ? [] : machines.filter(({ isProtected }) => isProtected);
  return [
    ...(machines.length === 0 || isAgreed
      ? []
      : [
          `Instances: ${listed(machines)}.`,
          `To delete them with their boot disks, add --delete-instances --confirm-instances ${machines.length}`,
        ]),
    ...(kept.length === 0
      ? []
      : [
          // All are named at once: stopping at each one would take a run of the command for each protected instance.
          `Protected from deletion by their owners: ${kept.map(({ name }) => name).join(', ')}.`,
          'Ask their owners to take the protection off, or add --include-protected to take it off and delete them',
        ]),
  ];
}

function volumesInTheWay({ disks }: CustomersHave, options: DestroyOptions): readonly string[] {
  const isAgreed = options.deleteVolumes && options.confirmVolumes === disks.length;
  if (disks.length === 0 || options.keepVolumes || isAgreed) return [];
  return [
    `Volumes: ${listed(disks)}.`,
    `To delete them with all that is on them, add --delete-volumes --confirm-volumes ${disks.length}; to leave them, and pay for them, --keep-volumes`,
  ];
}

const NAMES_SHOWN = 5;

function listed(things: readonly { readonly name: string }[]): string {
  const names = things.slice(0, NAMES_SHOWN).map(({ name }) => name);
  const rest = things.length - names.length;
  return `${names.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
