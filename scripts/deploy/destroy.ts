import { checkAccess } from './check-access.ts';
import { customerMachines, deleteMachines } from './customer-machines.ts';
import { checkVarFiles, databaseToLeave, forgetDatabase } from './database.ts';
import { DeployError } from './deploy-error.ts';
import type { DeployContext } from './deploy-context.ts';
import { prepare } from './prepare.ts';
import { destroyAll, variables } from './terraform-steps.ts';

export interface DestroyOptions {
  readonly yes: boolean;
  /** First confirmation that customers' instances are deleted too. */
  readonly deleteInstances: boolean;
  /** Second confirmation: the number of these instances. */
  readonly confirmInstances: number | undefined;
}

/**
 * Removes the deployment, except for the database and Terraform's state. Refuses while customers' instances exist,
 * unless their deletion is confirmed twice.
 */
export async function destroyCommand(context: DeployContext, options: DestroyOptions): Promise<void> {
  const { note, ask } = context.world;
  const { project, environment } = context.target;
  await checkVarFiles(context);
  await checkAccess(context, { prepare: false });
  const machines = await customerMachines(context);
  if (machines.length > 0 && !(options.deleteInstances && options.confirmInstances === machines.length)) {
    const names = machines.slice(0, 5).map(({ name }) => name);
    const rest = machines.length > names.length ? ` and ${machines.length - names.length} more` : '';
    throw new DeployError(
      `Customers have ${machines.length} instances in ${project} (${environment}): ${names.join(', ')}${rest}.`,
      [`To delete them with all their disks, add --delete-instances --confirm-instances ${machines.length}`],
    );
  }
  if (!options.yes) {
    const wanted = `${project}/${environment}`;
    const answer = await ask(`This removes the API of ${wanted}. Type ${wanted} to go on: `);
    if (answer === undefined)
      throw new DeployError('Nobody is there to confirm.', ['Add --yes to destroy without asking.']);
    if (answer !== wanted) throw new DeployError('Nothing was destroyed.');
  }
  await prepare(context);
  const given = variables(context, await databaseToLeave(context));
  await deleteMachines(context, machines);
  // The database stays, so its indexes must stay too: Terraform would delete them, and building them again takes hours
  // where there are many rows.
  await forgetDatabase(context);
  await destroyAll(context, given);
  note('The database and the bucket of the state are left; infra/README.md says how to remove them.');
}
